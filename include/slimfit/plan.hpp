// SPDX-License-Identifier: MIT
// The memory of training before it runs, and policies chosen by a budget.
#pragma once

#include <slimfit/plan/accumulated.hpp>
#include <slimfit/plan/across_ranks.hpp>
#include <slimfit/plan/batch_size.hpp>
#include <slimfit/plan/bound.hpp>
#include <slimfit/plan/candidate.hpp>
#include <slimfit/plan/candidate_words.hpp>
#include <slimfit/plan/describe.hpp>
#include <slimfit/plan/fit.hpp>
#include <slimfit/plan/fits.hpp>
#include <slimfit/plan/measured_candidates.hpp>
#include <slimfit/plan/operator_choices.hpp>
#include <slimfit/plan/plan.hpp>
#include <slimfit/plan/step_peaks.hpp>
#include <slimfit/plan/step_plan.hpp>
#include <slimfit/plan/trainer_options.hpp>
