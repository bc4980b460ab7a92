// SPDX-License-Identifier: MIT
// What a layer is given while a pass runs.
#pragma once

#include <slimfit/pass/bias_gradient.hpp>
#include <slimfit/pass/bind.hpp>
#include <slimfit/pass/context.hpp>
#include <slimfit/pass/counting_context.hpp>
#include <slimfit/pass/gradient.hpp>
#include <slimfit/pass/gradient_place.hpp>
#include <slimfit/pass/kept_rows.hpp>
#include <slimfit/pass/live_rows.hpp>
#include <slimfit/pass/matrix_place.hpp>
#include <slimfit/pass/output_target.hpp>
#include <slimfit/pass/parameter.hpp>
#include <slimfit/pass/parts.hpp>
#include <slimfit/pass/saturation.hpp>
#include <slimfit/pass/waiting_sums.hpp>
