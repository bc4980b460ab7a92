# SPDX-License-Identifier: MIT
"""Transformer blocks of the library `transformers` as slimfit runs them: where each parameter lies, and what a block
must be to be run."""
import dataclasses
import functools
import inspect

import torch

from . import compiler, library, masks, ops, source


class ConversionError(ValueError):
    """A module is nothing that slimfit runs. The message says what and why."""


@dataclasses.dataclass(frozen=True, eq=False)
class Family:
    """Blocks of one kind.

    parameters: names in slimfit's library by prefix, and the submodules that hold them: of several, the first that there
    is. activation: where the block's activation function lies. attention_dropout: where attention's dropout lies, a
    module or a number; all other dropout is that of hidden rows. refused: attributes of the configuration with the one
    value that slimfit can do.
    """
    kind: str
    modules: dict
    activation: tuple
    attention_dropout: tuple
    refused: dict


# Where versions of transformers name a submodule differently, all names are listed.
VIT = Family(
    kind="pre_norm",
    modules={
        "attention.attention.query": ("attention.attention.query", "attention.q_proj", "attention.query"),
        "attention.attention.key": ("attention.attention.key", "attention.k_proj", "attention.key"),
        "attention.attention.value": ("attention.attention.value", "attention.v_proj", "attention.value"),
        "attention.output.dense": ("attention.output.dense", "attention.o_proj", "attention.out_proj"),
        "intermediate.dense": ("intermediate.dense", "mlp.fc1", "mlp.up_proj"),
        "output.dense": ("output.dense", "mlp.fc2", "mlp.down_proj"),
        "layernorm_before": ("layernorm_before", "norm1"),
        "layernorm_after": ("layernorm_after", "norm2"),
        "layer_scale1": ("layer_scale1",),
        "layer_scale2": ("layer_scale2",),
    },
    activation=("intermediate.intermediate_act_fn", "mlp.activation", "mlp.activation_fn", "mlp.act_fn"),
    attention_dropout=("attention.attention.dropout", "attention.attention.dropout_prob", "attention.dropout_prob",
                       "attention.attention_dropout"),
    refused={"drop_path_rate": 0.0, "use_swiglu_ffn": False, "qkv_bias": True})
BERT = Family(
    kind="output_norm",
    modules={
        "attention.self.query": ("attention.self.query",),
        "attention.self.key": ("attention.self.key",),
        "attention.self.value": ("attention.self.value",),
        "attention.output.dense": ("attention.output.dense",),
        "attention.output.LayerNorm": ("attention.output.LayerNorm",),
        "intermediate.dense": ("intermediate.dense",),
        "output.dense": ("output.dense",),
        "output.LayerNorm": ("output.LayerNorm",),
    },
    activation=("intermediate.intermediate_act_fn",),
    attention_dropout=("attention.self.dropout",),
    refused={"is_decoder": False, "add_cross_attention": False})

FAMILIES = {"ViTLayer": VIT, "DeiTLayer": VIT, "Dinov2Layer": VIT, "Dinov2WithRegistersLayer": VIT, "BertLayer": BERT,
            "RobertaLayer": BERT, "XLMRobertaLayer": BERT, "ElectraLayer": BERT, "CamembertLayer": BERT}


def find(module, path):
    """The attribute at a dotted path, None where there is none."""
    for name in path.split("."):
        module = getattr(module, name, None)
        if module is None:
            return None
    return module


def first(module, paths):
    """The first of these paths that leads somewhere; None."""
    return next((path for path in paths if find(module, path) is not None), None)


def percent(where, probability):
    """A dropout probability as a whole number of percent."""
    value = 100 * float(probability)
    if abs(value - round(value)) > 1e-6 or not 0 <= value < 100:
        raise ConversionError(f"slimfit: {where}: a dropout probability is {probability}, expected whole percents below "
                              f"100, e.g. 0.1")
    return round(value)


def dropout_rates(block, family, where):
    """Percent that are dropped of hidden rows, and of attention."""
    path = first(block, family.attention_dropout)
    found = None if path is None else find(block, path)
    attention = found.p if isinstance(found, torch.nn.Dropout) else found or 0.0
    hidden = {module.p for module in block.modules() if isinstance(module, torch.nn.Dropout) and module is not found}
    if len(hidden) > 1:
        raise ConversionError(f"slimfit: {where} has dropout with different probabilities, {sorted(hidden)}, expected one")
    return percent(where, hidden.pop() if hidden else 0.0), percent(where, attention)


def shape_of(block, family, config, where):
    """The shape of a block, whose submodules are checked. Raises ConversionError."""
    for name, value in family.refused.items():
        if getattr(config, name, value) != value:
            raise ConversionError(f"slimfit: {where}: {name} is {getattr(config, name)}, expected {value}")
    if find(block, "crossattention") is not None:
        raise ConversionError(f"slimfit: {where} has cross-attention, which slimfit does not do")
    places = {name: first(block, paths) for name, paths in family.modules.items()}
    for name, path in places.items():
        if path is None and not name.startswith("layer_scale"):
            raise ConversionError(f"slimfit: {where} ({type(block).__name__}) has no {family.modules[name][0]}: this "
                                  f"version of transformers builds it in a way that slimfit does not know")
    act = first(block, family.activation)
    if not is_gelu(find(block, act) if act else None):
        raise ConversionError(f"slimfit: {where}: the activation is {find(block, act) if act else None}, expected GELU "
                              f"('gelu' in the configuration)")
    names = list(places)
    query, first_mlp = find(block, places[names[0]]), find(block, places["intermediate.dense"])
    scaled = places.get("layer_scale1") is not None
    norms = {find(block, path).eps for name, path in places.items()
             if path is not None and isinstance(find(block, path), torch.nn.LayerNorm)}
    if len(norms) != 1:
        raise ConversionError(f"slimfit: {where}: its LayerNorms have different eps ({sorted(norms)})")
    hidden_dropout, attention_dropout = dropout_rates(block, family, where)
    shape = source.Shape(kind=family.kind, hidden=query.weight.shape[1], heads=config.num_attention_heads,
                         mlp=first_mlp.weight.shape[0], layer_scale=scaled,
                         hidden_dropout=hidden_dropout, attention_dropout=attention_dropout, norm_epsilon=norms.pop())
    if scaled and (shape.hidden_dropout or shape.attention_dropout):
        raise ConversionError(f"slimfit: {where} has a LayerScale and dropout, expected dropout 0 where there is one")
    return shape, {name: path for name, path in places.items() if path is not None}


def is_gelu(function):
    """Whether a function is the exact GELU, by what it does."""
    if not callable(function):
        return False
    x = torch.linspace(-6, 6, 97, dtype=torch.float64)
    try:
        return torch.allclose(function(x), torch.nn.functional.gelu(x), rtol=1e-12, atol=1e-12)
    except Exception:  # whatever a function of somebody's own throws at numbers like these
        return False


# Kinds of numbers and of devices that there are libraries for, as C++ names them.
SCALARS = {torch.float32: "float", torch.bfloat16: "bf16"}
DEVICES = {"cpu": "host", "cuda": "cuda"}


def computed_kind(weights, device):
    """The kind of number that a block with weights of this kind computes in on this kind of device: bfloat16 under autocast
    to it; what else autocast asks for, slimfit has not, and leaves blocks as they are."""
    if weights == torch.float32 and torch.is_autocast_enabled(device) and torch.get_autocast_dtype(device) == torch.bfloat16:
        return torch.bfloat16
    return weights


@torch.compiler.assume_constant_result
def path_of(runner, kind, device):
    """runner.path, found once where a graph is compiled."""
    return runner.path(kind, device)


class Runner:
    """How a converted block runs: its libraries and where its parameters lie. Belongs to the block."""

    def __init__(self, shape, policy, places, where, weight, config):
        self.shape = shape
        self.config = config  # the model's own, which may change
        self.policy = policy
        self.where = where
        self.paths = {}  # of libraries, by kind of number and device
        layer = library.load(self.path(weight.dtype, weight.device))
        self.tensors = list(layer.shapes)
        self.names = []  # of submodule and parameter, in the library's order
        for name in layer.names:
            prefix, _, leaf = name.rpartition(".")
            self.names.append((places[prefix], leaf))
        self.leaves = dict.fromkeys(path for path, _ in self.names)

    def path(self, kind, device):
        """The path of the library for this kind of number on this device, compiled where there is none. Raises
        ConversionError, CompilerError."""
        if kind not in SCALARS or device.type not in DEVICES:
            raise ConversionError(f"slimfit: {self.where} has numbers of {kind} on {device}, expected float32 or bfloat16 on "
                                  f"the CPU or CUDA")
        capability = torch.cuda.get_device_capability(device) if device.type == "cuda" else None
        key = (kind, device.type, capability)
        if key not in self.paths:
            where = DEVICES[device.type]
            text = source.layer_text(self.shape, self.policy, SCALARS[kind], where)
            self.paths[key] = str(compiler.build(text, self.shape.kind, where, capability))
        return self.paths[key]

    def parameters(self, block):
        """The block's parameters in the library's order. Raises ConversionError where a submodule is not what it was."""
        modules = {path: find(block, path) for path in self.leaves}
        for path, module in modules.items():
            self.check(path, module)
        found = [getattr(modules[path], leaf) for path, leaf in self.names]
        for (path, leaf), each, shape in zip(self.names, found, self.tensors):
            if each is None or each.shape != shape:
                has = "is missing" if each is None else f"has shape {tuple(each.shape)}"
                raise ConversionError(f"slimfit: {self.where}.{path}.{leaf} {has}, expected shape {shape}")
        return found

    def check(self, path, module):
        """That a submodule does what slimfit does instead of it."""
        kind = type(module)
        if kind not in (torch.nn.Linear, torch.nn.LayerNorm) and not kind.__name__.endswith("LayerScale"):
            raise ConversionError(
                f"slimfit: {self.where}.{path} is a {kind.__module__}.{kind.__name__}, expected torch.nn.Linear: slimfit "
                f"runs the block as a whole and would leave out what was put in the linear's place (e.g. a LoRA "
                f"adapter); merge it first, or leave this block unconverted")
        if module._forward_hooks or module._forward_pre_hooks or module._backward_hooks or module._backward_pre_hooks:
            raise ConversionError(f"slimfit: {self.where}.{path} has hooks, which would not be called: slimfit runs the "
                                  f"block as a whole; put them on the block")

    def run(self, block, rows, mask=None):
        """The block's output for (sequences, tokens, hidden) rows."""
        if getattr(self.config, "output_attentions", False):
            raise ConversionError(f"slimfit: {self.where}: output_attentions is set in the configuration, which slimfit does not "
                                  f"do: attention weights are never there as a whole")
        parameters = self.parameters(block)
        given = rows.dtype
        kind = computed_kind(parameters[0].dtype, rows.device.type)
        if rows.device != parameters[0].device or not (given == kind or torch.is_autocast_enabled(rows.device.type)):
            raise ConversionError(f"slimfit: {self.where} gets rows of {given} on {rows.device} and has weights of "
                                  f"{parameters[0].dtype} on {parameters[0].device}, expected the same")
        wanted = [each.requires_grad for each in parameters]
        rows, parameters = rows.to(kind), [each.to(kind) for each in parameters]
        sequences, tokens, _ = rows.shape
        if mask is not None and torch.compiler.is_compiling():
            arrangement = masks.Arrangement(ops.lengths_of(mask, sequences, tokens))
        else:
            arrangement = masks.arranged(mask, sequences, tokens)
        keeps = torch.is_grad_enabled() and (rows.requires_grad or any(wanted))
        drops = block.training and (self.shape.hidden_dropout > 0 or self.shape.attention_dropout > 0)
        seed = torch.randint(0, 2**63 - 1, (), dtype=torch.int64) if drops else None
        output, _ = ops.layer(arrangement.put(rows), parameters, arrangement.lengths, seed,
                              path_of(self, kind, rows.device), wanted, keeps)
        return arrangement.put_back(output).to(given)


# Arguments of blocks that are about something else.
HARMLESS = {"num_items_in_batch", "output_hidden_states", "return_dict", "cache_position"}


def refuse_arguments(where, names, args, kwargs):
    """Raises ConversionError for arguments that ask for what slimfit does not do. names: of args, in order."""
    given = [*zip([*names, *("another argument" for _ in args)], args), *kwargs.items()]
    asked = [name for name, value in given if name not in HARMLESS and value is not None and value is not False]
    if asked:
        raise ConversionError(f"slimfit: {where} is called with {', '.join(asked)}, which slimfit does not do; attention "
                              f"weights, for example, are never there as a whole")


def returns_tuple(block, hidden):
    """Whether this version's blocks return a tuple, found by running one token through the block."""
    was_training = block.training
    block.eval()
    try:
        with torch.no_grad():
            weight = next(block.parameters())
            return isinstance(block(torch.zeros(1, 1, hidden, dtype=weight.dtype, device=weight.device)), tuple)
    finally:
        block.train(was_training)


@functools.lru_cache(maxsize=None)
def converted_class(original, family, as_tuple):
    """A block's class that runs as slimfit does, derived from its own."""

    names = [*inspect.signature(original.forward).parameters][3:]  # behind self, the rows and the mask

    def result(rows):
        return (rows,) if as_tuple else rows

    def forward(self, hidden_states, attention_mask=None, *args, **kwargs):
        refuse_arguments(self.slimfit_runner.where, names, args, kwargs)
        return result(self.slimfit_runner.run(self, hidden_states, attention_mask))

    def extra_repr(self):
        return f"slimfit policy {self.slimfit_runner.policy!r}"

    return type(original.__name__, (original,), {"forward": forward, "extra_repr": extra_repr,
                                                 "slimfit_original": original, "slimfit_as_tuple": as_tuple,
                                                 "__module__": original.__module__})
