# SPDX-License-Identifier: MIT
"""Small models of transformers, all with blocks of one shape so that few libraries are compiled."""
import pytest

torch = pytest.importorskip("torch", reason="these tests need PyTorch")
transformers = pytest.importorskip("transformers", reason="these tests need transformers")

torch.set_num_threads(1)  # models are small, and threads of OpenMP wait for each other on a busy machine

SIZES = {"hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2, "num_labels": 3}
IMAGES = {**SIZES, "image_size": 32, "patch_size": 8}
TEXT = {**SIZES, "intermediate_size": 128, "vocab_size": 100, "hidden_dropout_prob": 0.0, "pad_token_id": 1,
        "attention_probs_dropout_prob": 0.0, "layer_norm_eps": 1e-12}


def randomized(model, seed=0):
    """Weights that leave nothing near 0 by chance of initialisation: biases and LayerScales too."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, each in model.named_parameters():
            noise = torch.randn(each.shape, generator=generator)
            around_one = (each.dim() == 1 and name.endswith("weight")) or "lambda1" in name
            each.copy_(1 + 0.2 * noise if around_one else 0.1 * noise)
    return model.eval()


def images(count=3):
    generator = torch.Generator().manual_seed(1)
    return {"pixel_values": torch.randn(count, 3, 32, 32, generator=generator), "labels": torch.arange(count) % 3}


def text(lengths=(10, 4, 7), tokens=10):
    generator = torch.Generator().manual_seed(1)
    ids = torch.randint(3, 100, (len(lengths), tokens), generator=generator)
    mask = (torch.arange(tokens) < torch.tensor(lengths)[:, None]).long()
    return {"input_ids": ids * mask + (1 - mask), "attention_mask": mask, "labels": torch.arange(len(lengths)) % 3}


def vit(**changes):
    config = transformers.ViTConfig(**{**IMAGES, "intermediate_size": 128, **changes})
    return randomized(transformers.ViTForImageClassification(config)), images()


def deit(**changes):
    config = transformers.DeiTConfig(**{**IMAGES, "intermediate_size": 128, **changes})
    return randomized(transformers.DeiTForImageClassification(config)), images()


def dinov2(**changes):
    config = transformers.Dinov2Config(**{**IMAGES, "mlp_ratio": 2, **changes})
    return randomized(transformers.Dinov2ForImageClassification(config)), images()


def dinov2_with_registers(**changes):
    config = transformers.Dinov2WithRegistersConfig(**{**IMAGES, "mlp_ratio": 2, **changes})
    return randomized(transformers.Dinov2WithRegistersForImageClassification(config)), images()


def bert(**changes):
    config = transformers.BertConfig(**{**TEXT, **changes})
    return randomized(transformers.BertForSequenceClassification(config)), text()


def roberta(**changes):
    config = transformers.RobertaConfig(**{**TEXT, **changes})
    return randomized(transformers.RobertaForSequenceClassification(config)), text()


def electra(**changes):
    config = transformers.ElectraConfig(**{**TEXT, "embedding_size": 64, **changes})
    return randomized(transformers.ElectraForSequenceClassification(config)), text()


MODELS = {each.__name__: each for each in (vit, deit, dinov2, bert, roberta, electra)}
if hasattr(transformers, "Dinov2WithRegistersConfig"):
    MODELS["dinov2_with_registers"] = dinov2_with_registers


def gradients(model, inputs):
    """The loss, and every parameter's gradient by name."""
    model.zero_grad()
    loss = model(**inputs).loss
    loss.backward()
    return loss.detach(), {name: each.grad.clone() for name, each in model.named_parameters() if each.grad is not None}


def relative_error(found, expected):
    return float((found - expected).detach().norm() / expected.detach().norm())


def is_key_bias(name):
    """Its gradient is 0 but for rounding."""
    return name.endswith(("k_proj.bias", "key.bias"))


def check_gradients(found, expected, bound):
    assert found.keys() == expected.keys()
    for name, each in expected.items():
        if not is_key_bias(name):
            assert relative_error(found[name], each) < bound, name


def saved_by_blocks(model, inputs):
    """Bytes of tapes that autograd saves."""
    saved = []

    def pack(tensor):
        if tensor.dtype == torch.uint8:
            saved.append(tensor.numel())
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        model(**inputs)
    return sum(saved)


def library_path(block):
    """Of the library that a converted block runs by, with its weights as they are now."""
    weight = next(block.parameters())
    return block.slimfit_runner.path(weight.dtype, weight.device)
