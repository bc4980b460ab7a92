/* SPDX-License-Identifier: MIT */
/* A freezing schedule as a shared library with a C interface: which units are updated in a step. Made by
 * SLIMFIT_SCHEDULE_LIBRARY of schedule_library.hpp. A schedule belongs to one thread at a time. Functions that return
 * int return 0, or another number where they failed: slimfit_error() then says why. */
#ifndef SLIMFIT_INTEROP_SCHEDULE_H
#define SLIMFIT_INTEROP_SCHEDULE_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct slimfit_schedule slimfit_schedule;

/* Null where it failed. rate: percent of the units that are frozen in each step: 0, or from 1 to below 100. */
slimfit_schedule* slimfit_schedule_make(int64_t units, double rate, uint64_t seed);
void slimfit_schedule_end(slimfit_schedule* schedule);
/* Writes for each unit whether it is active in this iteration. Iterations count from 0 and come once each, in order. */
int slimfit_schedule_choose(slimfit_schedule* schedule, int64_t iteration, unsigned char* active);
/* Notes what a unit's update measured: the mean of |new - old| / |old| over its weights, elements that were 0 left out,
 * and the norm of its gradient. An update that moved nothing, or had no gradient, says nothing and is left out. */
int slimfit_schedule_observe(slimfit_schedule* schedule, int64_t unit, double relative_update, double gradient_norm);
/* To be called when the learning rate rises above all before it, with the factor: distances measured so far rise too.
 */
int slimfit_schedule_raise_distances(slimfit_schedule* schedule, double factor);
/* Everything that changes, as numbers for a checkpoint: how many there are; then writes or reads them. */
int64_t slimfit_schedule_state_size(slimfit_schedule const* schedule);
int slimfit_schedule_save(slimfit_schedule const* schedule, double* numbers);
int slimfit_schedule_load(slimfit_schedule* schedule, double const* numbers);
/* Why the last call of this thread failed. */
char const* slimfit_error(void);

#ifdef __cplusplus
}
#endif

#endif
