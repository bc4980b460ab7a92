// SPDX-License-Identifier: MIT
// Memory: resources, the ledger, the arena, records of what happened.
#pragma once

#include <slimfit/memory/arena.hpp>
#include <slimfit/memory/category.hpp>
#include <slimfit/memory/chrome_trace.hpp>
#include <slimfit/memory/exclusive_use.hpp>
#include <slimfit/memory/kept_array.hpp>
#include <slimfit/memory/ledger.hpp>
#include <slimfit/memory/observer.hpp>
#include <slimfit/memory/offload_store.hpp>
#include <slimfit/memory/program_memory.hpp>
#include <slimfit/memory/record.hpp>
#include <slimfit/memory/recorded_scope.hpp>
#include <slimfit/memory/resource.hpp>
#include <slimfit/memory/usage.hpp>
