/* SPDX-License-Identifier: MIT */
/* One layer with its policy as a shared library with a C interface, for other frameworks and languages: no C++, no
 * framework's and no language's types, so that a library compiled today runs in any of their versions. A library is
 * made by SLIMFIT_LAYER_LIBRARY of layer_library.hpp. It owns no tensors: weights, gradients, the tape (what the
 * forward pass leaves for the backward pass) and scratch memory are the caller's, as long as a call lasts; a tape may
 * be copied, and read as often as wanted.
 *
 * Memory is the layer's device's, in the library's scalar type, row-major and contiguous; tape and scratch begin at
 * multiples of 64 bytes. Arrays of pointers, and `wanted`, are the host's. Calls may come from any thread; of one
 * library they run one after the other. On CUDA, passes are for the device that is current, are enqueued on the pass's
 * stream and not waited for: memory must stay until the stream has come so far.
 * Functions that return int return 0, or another number where they failed: slimfit_error() then says why. */
#ifndef SLIMFIT_INTEROP_LAYER_H
#define SLIMFIT_INTEROP_LAYER_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Number of this interface; slimfit_layer_describe() has that of the library. */
#define SLIMFIT_INTERFACE 2

enum { SLIMFIT_OK = 0, SLIMFIT_FAILED = 1, SLIMFIT_NO_MEMORY = 2 };

/* One pass over a batch: the same in every call of the pass. */
typedef struct slimfit_pass {
  int64_t sequences;
  int64_t tokens;              /* of each sequence: the batch has sequences * tokens rows */
  int32_t const* lengths;      /* by sequence, tokens that others attend to: the first ones; null: all */
  void* const* parameters;     /* by parameter, its numbers; may be null for sizes and plans */
  unsigned char const* wanted; /* by parameter, whether its gradient is wanted; null: no backward pass follows */
  uint64_t seed;               /* of dropout and of stashes that round at random */
  int32_t drops;               /* whether there is dropout */
  int32_t threads;             /* of the host; 0: as many as the machine has */
  void* stream;                /* of CUDA, a cudaStream_t; null: the default stream */
} slimfit_pass;

typedef struct slimfit_memory {
  void* data;
  int64_t bytes;
} slimfit_memory;

/* Bytes that a pass takes beside weights, rows and the gradients that are wanted. */
typedef struct slimfit_sizes {
  int64_t tape;        /* what the forward pass leaves */
  int64_t tape_static; /* of these, what is left whether or not any weight's gradient is wanted */
  int64_t forward_scratch;
  int64_t backward_scratch;
  int64_t workspace; /* beside the pass: what the library holds on each stream, from the first pass there on */
} slimfit_sizes;

/* The layer as JSON: interface, version, scalar, device, width (numbers of a row), policy, and of each parameter its
 * name, shape and unit (-1: of none). The text lives as long as the library. */
char const* slimfit_layer_describe(void);

int slimfit_layer_sizes(slimfit_pass const* pass, slimfit_sizes* sizes);

/* What lies on the tape, as JSON: of each matrix its name, form, bytes, and whether it is static. Null where the call
 * failed. The text lives until the thread's next call. */
char const* slimfit_layer_plan(slimfit_pass const* pass);

/* Overwrites output, sequences * tokens rows, which may be input. */
int slimfit_layer_forward(slimfit_pass const* pass, void const* input, void* output, slimfit_memory tape,
                          slimfit_memory scratch);

/* Overwrites input_gradient, which may be output_gradient, and the gradients that are wanted.
 * tape: the bytes that the forward pass left, at any address; they stay as they are.
 * gradients: by parameter, memory of the parameter's size; null where the gradient is not wanted. */
int slimfit_layer_backward(slimfit_pass const* pass, slimfit_memory tape, void const* output_gradient,
                           void* input_gradient, void* const* gradients, slimfit_memory scratch);

/* Matrix products of the host by the program's BLAS: its sgemm_ and dgemm_ with 32-bit integers; null: not there. To be
 * called once, before anything is run; without it, by the BLAS that the library was linked with. */
int slimfit_use_products(void (*sgemm)(void), void (*dgemm)(void));

/* Memory that the library holds itself comes from these functions, in the order of the stream of the pass that asks for
 * it, at multiples of 256 bytes; allocate returns null where there is none. Both null: from the device. What the
 * library held is given back first, as by slimfit_release. */
int slimfit_use_memory(void* (*allocate)(void* state, int64_t bytes),
                       void (*deallocate)(void* state, void* memory, int64_t bytes), void* state);

/* Waits for what was enqueued and gives back what the library holds. Passes may follow. Not done when a program ends.
 */
int slimfit_release(void);

/* Why the last call of this thread failed. */
char const* slimfit_error(void);

#ifdef __cplusplus
}
#endif

#endif
