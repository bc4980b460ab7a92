// SPDX-License-Identifier: MIT
// Everything about freezing: criteria that rank units, schedules that choose the active ones, and their run-time
// state.
#pragma once

#include <slimfit/freezing/active_count.hpp>
#include <slimfit/freezing/active_set.hpp>
#include <slimfit/freezing/any_schedule.hpp>
#include <slimfit/freezing/criterion.hpp>
#include <slimfit/freezing/fixed.hpp>
#include <slimfit/freezing/gradient_norm.hpp>
#include <slimfit/freezing/inter_layer.hpp>
#include <slimfit/freezing/inter_layer_within.hpp>
#include <slimfit/freezing/never.hpp>
#include <slimfit/freezing/none.hpp>
#include <slimfit/freezing/options.hpp>
#include <slimfit/freezing/own_schedule.hpp>
#include <slimfit/freezing/progressive.hpp>
#include <slimfit/freezing/random.hpp>
#include <slimfit/freezing/ranking.hpp>
#include <slimfit/freezing/rate.hpp>
#include <slimfit/freezing/relative_update.hpp>
#include <slimfit/freezing/round_robin.hpp>
#include <slimfit/freezing/schedule.hpp>
#include <slimfit/freezing/state.hpp>
#include <slimfit/freezing/unit_statistics.hpp>
#include <slimfit/freezing/weighted_by_depth.hpp>
