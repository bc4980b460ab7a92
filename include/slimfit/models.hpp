// SPDX-License-Identifier: MIT
// All networks, and models on a device.
#pragma once

#include <slimfit/models/bert.hpp>
#include <slimfit/models/bert_network.hpp>
#include <slimfit/models/image_batch.hpp>
#include <slimfit/models/layer_network.hpp>
#include <slimfit/models/model.hpp>
#include <slimfit/models/sequence_network.hpp>
#include <slimfit/models/token_batch.hpp>
#include <slimfit/models/training_pass.hpp>
#include <slimfit/models/vit.hpp>
#include <slimfit/models/vit_network.hpp>
