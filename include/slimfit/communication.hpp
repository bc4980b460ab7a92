// SPDX-License-Identifier: MIT
// Ranks that train one model together: what they must be able to do, and the rank that is alone.
#pragma once

#include <slimfit/communication/batch_share.hpp>
#include <slimfit/communication/communicator.hpp>
#include <slimfit/communication/single.hpp>
#include <slimfit/communication/summation.hpp>
