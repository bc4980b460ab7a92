// SPDX-License-Identifier: MIT
// Training, inference, checkpoints, and the error of gradients.
#pragma once

#include <slimfit/train/accumulation.hpp>
#include <slimfit/train/batch_buffers.hpp>
#include <slimfit/train/checkpoint.hpp>
#include <slimfit/train/checks.hpp>
#include <slimfit/train/chosen_parameters.hpp>
#include <slimfit/train/exchanging_updates.hpp>
#include <slimfit/train/gradient_error.hpp>
#include <slimfit/train/gradient_exchange.hpp>
#include <slimfit/train/inference.hpp>
#include <slimfit/train/learning_rate.hpp>
#include <slimfit/train/load_checks.hpp>
#include <slimfit/train/measured_units.hpp>
#include <slimfit/train/module.hpp>
#include <slimfit/train/pending_step.hpp>
#include <slimfit/train/published_recipes.hpp>
#include <slimfit/train/rank_agreement.hpp>
#include <slimfit/train/rank_messages.hpp>
#include <slimfit/train/recorded_step.hpp>
#include <slimfit/train/rehearsal.hpp>
#include <slimfit/train/replay.hpp>
#include <slimfit/train/run_checkpoint.hpp>
#include <slimfit/train/run_origin.hpp>
#include <slimfit/train/saturation.hpp>
#include <slimfit/train/shared_passes.hpp>
#include <slimfit/train/slot_ring.hpp>
#include <slimfit/train/state_sharing.hpp>
#include <slimfit/train/step_passes.hpp>
#include <slimfit/train/step_report.hpp>
#include <slimfit/train/trainer.hpp>
#include <slimfit/train/trainer_setup.hpp>
#include <slimfit/train/training_steps.hpp>
#include <slimfit/train/tree_updates.hpp>
#include <slimfit/train/updates.hpp>
