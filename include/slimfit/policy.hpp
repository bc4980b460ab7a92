// SPDX-License-Identifier: MIT
// Choices for a whole model: presets and what they are put together from.
#pragma once

#include <slimfit/policy/attention.hpp>
#include <slimfit/policy/blocks.hpp>
#include <slimfit/policy/changes.hpp>
#include <slimfit/policy/chunk.hpp>
#include <slimfit/policy/misspelt_members.hpp>
#include <slimfit/policy/model_policy.hpp>
#include <slimfit/policy/padding.hpp>
#include <slimfit/policy/parameters.hpp>
#include <slimfit/policy/per_block.hpp>
#include <slimfit/policy/presets.hpp>
