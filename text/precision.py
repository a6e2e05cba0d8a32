"""Mixed precision where the hardware has it."""

from __future__ import annotations

import torch


def autocast(device: torch.device) -> torch.autocast:
    """Multiplies in bf16 where the hardware does so, else computes in plain float32."""
    fast = (
        torch.cuda.is_bf16_supported()
        if device.type == "cuda"
        else torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()
    )
    return torch.autocast(device.type, dtype=torch.bfloat16, enabled=fast)
