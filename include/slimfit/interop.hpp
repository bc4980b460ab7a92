// SPDX-License-Identifier: MIT
// Layers and schedules as libraries with a C interface, for other frameworks and languages.
#pragma once

#include <slimfit/interop/failures.hpp>
#include <slimfit/interop/host_device.hpp>
#include <slimfit/interop/layer_library.hpp>
#include <slimfit/interop/layer_pass.hpp>
#include <slimfit/interop/library_device.hpp>
#include <slimfit/interop/schedule_library.hpp>
#include <slimfit/interop/tape_contents.hpp>
