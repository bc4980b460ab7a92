# SPDX-License-Identifier: MIT
"""The C++ text of a layer's library."""
import dataclasses
import re

PRESETS = ("eager", "paper", "exact", "slim", "slim_8bit", "slim_3bit", "slim_2bit")


@dataclasses.dataclass(frozen=True)
class Shape:
    """What a transformer block's kernels are compiled for."""
    kind: str  # "pre_norm" or "output_norm": where normalisation stands
    hidden: int
    heads: int
    mlp: int
    layer_scale: bool = False
    hidden_dropout: int = 0  # percent
    attention_dropout: int = 0  # percent
    norm_epsilon: float = 1e-12


def policy_text(policy):
    """Declares policy_type. `policy` is a preset's name, a C++ type, or C++ that declares my_policy."""
    if policy in PRESETS:
        return f"using policy_type = slimfit::policy::{policy};"
    if re.fullmatch(r"\w+", policy):
        raise ValueError(f"slimfit: policy is {policy!r}, expected one of {', '.join(PRESETS)}, or C++ text, e.g. "
                         f"'policy::changed<policy::slim, policy::coded_norms<8>>' or 'struct my_policy : policy::slim "
                         f"{{ ... }};'")
    if re.search(r"\b(struct|class|using)\s+my_policy\b", policy):
        return policy + "\nusing policy_type = my_policy;"
    return f"using policy_type = {policy};"


def layer_text(shape, policy, scalar="float", device="host"):
    """A library with a block of this shape. scalar: "float" or "bf16". device: "host" or "cuda"."""
    block = f"{shape.kind}_block"
    sizes = f"{shape.hidden}, {shape.heads}, {shape.mlp}, policy_type, {scalar}"
    dropout = f"dropout_rates<percent<{shape.hidden_dropout}>, percent<{shape.attention_dropout}>>"
    if shape.kind == "output_norm":
        arguments = f"{sizes}, dropout_type"
    else:
        scaled = "true" if shape.layer_scale else "false"
        arguments = (f"{sizes}, {scaled}, layer_norm<{shape.hidden}, policy_type::norm, {scalar}>,\n"
                     f"    self_attention<{shape.hidden}, {shape.heads}, policy_type, {scalar}, dropout_type, {scaled}>,\n"
                     f"    mlp<{shape.hidden}, {shape.mlp}, policy_type, {scalar}, dropout_type, {scaled}>")
    headers = "#include <slimfit/cuda.cuh>\n#include <slimfit/interop/cuda_device.cuh>\n" if device == "cuda" else ""
    return f"""// Made by slimfit_torch: one transformer block.
{headers}#include <slimfit/interop/layer_library.hpp>
#include <slimfit/layers/{block}.hpp>
#include <slimfit/policy/model_policy.hpp>
#include <slimfit/policy/presets.hpp>

namespace slimfit_torch {{
using namespace slimfit;
{policy_text(policy)}
struct checked : slimfit::detail::checked_policy<policy_type> {{}};
static_assert(sizeof(checked) > 0);
static_assert(std::is_same_v<policy_type::blocks, blocks::stashed>,
              "slimfit: policy: blocks must be blocks::stashed here; for recomputation use "
              "model.gradient_checkpointing_enable(), for offloading torch.autograd.graph.save_on_cpu()");
using dropout_type = {dropout};
struct layer_type : {block}<{arguments}> {{
  constexpr layer_type() {{ this->set_norm_epsilon({shape.norm_epsilon!r}); }}
}};
}}  // namespace slimfit_torch
SLIMFIT_LAYER_LIBRARY(slimfit_torch::layer_type, slimfit::{device})
"""


SCHEDULE = """// Made by slimfit_torch: a freezing schedule.
#include <slimfit/interop/schedule_library.hpp>

namespace slimfit_torch {{
using namespace slimfit;
using schedule_type = freezing::inter_layer<{criterion}, freezing::run_time_rate>;
}}  // namespace slimfit_torch
SLIMFIT_SCHEDULE_LIBRARY(slimfit_torch::schedule_type)
"""


def schedule_text(criterion):
    """A library with inter-layer freezing by this criterion, a C++ type, at a rate known at run time."""
    return SCHEDULE.format(criterion=f"freezing::{criterion}" if re.fullmatch(r"\w+", criterion) else criterion)
