"""One step of training: forward, loss, backward, new weights; and the network's answer in validation."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from banet_edu.config import LossConfig, TrainConfig
from banet_edu.training.device import memory_format
from banet_edu.training.losses import segmentation_loss

if TYPE_CHECKING:
    from accelerate import Accelerator

Watch = Callable[[Tensor], None]


def make_optimizer(model: nn.Module, config: TrainConfig, graphed: bool = False) -> torch.optim.Optimizer:
    """AdamW or Adam over the parameters that are not frozen; for a CUDA graph with rate and step count on the device."""
    kinds = {"adamw": torch.optim.AdamW, "adam": torch.optim.Adam}
    parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]
    device = parameters[0].device
    return kinds[config.optimizer](
        parameters,
        torch.tensor(config.learning_rate, device=device) if graphed else config.learning_rate,
        weight_decay=config.weight_decay,
        fused=device.type in ("cpu", "cuda"),  # one pass over memory instead of several
        capturable=graphed,
    )


def set_learning_rate(optimizer: torch.optim.Optimizer, rate: float) -> None:
    for group in optimizer.param_groups:
        if isinstance(group["lr"], Tensor):  # a graph reads the rate from where it lies
            group["lr"].fill_(rate)
        else:
            group["lr"] = rate


def seed_generators(seed: int, device: torch.device) -> None:
    """Of the CPU and of `device` alone; `torch.manual_seed` would change those of every GPU there is."""
    torch.default_generator.manual_seed(seed)
    if device.type != "cpu":
        getattr(torch, device.type).manual_seed(seed)


class TrainingStep:
    """Called with images B x 3 x H x W and masks B x H x W on the device; gives the loss parts as 0-dimensional tensors,
    "total" the weighted sum. `watch` is told the loss, before the weights are changed by it.
    """

    def __init__(
        self,
        network: nn.Module,
        optimizer: torch.optim.Optimizer,
        accelerator: Accelerator,
        loss: LossConfig,
        device: torch.device,
        bf16: bool,
    ) -> None:
        self.network, self.optimizer, self.accelerator = network, optimizer, accelerator
        self.loss_config, self.device, self.bf16 = loss, device, bf16

    def __call__(self, images: Tensor, masks: Tensor, watch: Watch) -> dict[str, Tensor]:
        return self._step(images, masks, watch)

    def _step(self, images: Tensor, masks: Tensor, watch: Watch) -> dict[str, Tensor]:
        loss, parts = self._loss(images, masks)
        watch(loss)
        self.optimizer.zero_grad()
        self.accelerator.backward(loss)
        self.optimizer.step()
        return {"total": loss.detach(), **parts}

    def _loss(self, images: Tensor, masks: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.bf16):
            output = self.network(images)
        return segmentation_loss(output, masks, self.loss_config)


class Forward:
    """The network's answer in eval mode, B x 3 x H x W on any device -> logits B x K x H x W on `device`."""

    def __init__(self, network: nn.Module, device: torch.device, bf16: bool) -> None:
        self.network, self.device, self.bf16 = network, device, bf16

    @torch.no_grad()
    def __call__(self, images: Tensor) -> Tensor:
        return self._forward(images.to(self.device, memory_format=memory_format(self.device, images.ndim - 2)))

    def _forward(self, images: Tensor) -> Tensor:
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.bf16):
            return self.network(images)
