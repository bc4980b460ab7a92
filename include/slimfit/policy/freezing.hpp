// SPDX-License-Identifier: MIT
// Everything about freezing: criteria that rank units, schedules that choose the active ones, and their run-time state.
#pragma once

#include <slimfit/policy/freezing/any_schedule.hpp>
#include <slimfit/policy/freezing/fixed.hpp>
#include <slimfit/policy/freezing/gradient_norm.hpp>
#include <slimfit/policy/freezing/inter_layer.hpp>
#include <slimfit/policy/freezing/inter_layer_within.hpp>
#include <slimfit/policy/freezing/never.hpp>
#include <slimfit/policy/freezing/none.hpp>
#include <slimfit/policy/freezing/progressive.hpp>
#include <slimfit/policy/freezing/random.hpp>
#include <slimfit/policy/freezing/relative_update.hpp>
#include <slimfit/policy/freezing/round_robin.hpp>
#include <slimfit/policy/freezing/weighted_by_depth.hpp>
