"""Right answers to the exercises of lessons 04 to 06, as `right_answers` keeps them."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from right_answers import right

from banet_edu.banet.layers import resize

# 04: S and E, which listen to each other


def branches(block, P):
    return block.seg_branch(P), block.edge_branch(P)


@right("04 check_attention")
def with_brackets_opened(block, P):
    s, e = branches(block, P)
    return s + e - block.seg_attention(s) * e, s + e - block.edge_attention(e) * s


@right("04 check_attention")
def by_lerp(block, P):
    s, e = branches(block, P)
    return s.add(torch.lerp(e, torch.zeros_like(e), block.seg_attention(s))), e + torch.mul(
        1 - block.edge_attention(e), s
    )


@right("04 check_attention")
def in_place_on_copies(block, P):
    s, e = branches(block, P)
    S, E = s.clone(), e.clone()
    S += e.mul(1 - block.seg_attention(input=s))
    E.addcmul_(s, block.edge_attention(input=e).neg().add(1))
    return S, E


@right("04 check_attention")
def stacked_in_one_tensor(block, P):
    both = torch.stack(branches(block, P))
    weights = torch.stack([block.seg_attention(both[0]), block.edge_attention(both[1])])
    return both + (1 - weights) * both.flip(0)


@right("04 check_attention")
def by_einsum_and_reverse_subtraction(block, P):
    s, e = branches(block, P)
    wa, wb = torch.rsub(block.seg_attention(s), 1), torch.rsub(block.edge_attention(e), 1)
    return s + torch.einsum("bchw,bchw->bchw", wa.expand_as(e), e), e + wb * s


@right("04 check_attention")
def channels_last_of_a_helper(block, P):
    def listen(own, other, attention):
        return (own + (1.0 - attention(own)) * other).contiguous(memory_format=torch.channels_last)

    s, e = branches(block, P)
    return listen(s, e, block.seg_attention), listen(other=s, own=e, attention=block.edge_attention)


@right("04 check_attention")
def in_double_precision_all_through(block, P):
    return with_brackets_opened(block.double(), P.double())


# 05: F of one stage


@right("05 check_fusion")
def whole_sum_less_the_own_part(maps, gates, stage):
    at = [resize(m, maps[stage - 1].shape[-2:]) for m in maps]
    weighed = [gates[f"stage{j}"](m) * m for j, m in enumerate(at, 1)]
    own = at[stage - 1]
    return own + (1 - gates[f"stage{stage}"](own)) * (torch.stack(weighed).sum(0) - weighed[stage - 1])


@right("05 check_fusion")
def by_interpolating_everything(maps, gates, stage):
    own = maps[stage - 1]
    at = [F.interpolate(m, own.shape[2:], mode="bilinear", align_corners=False) for m in maps]
    others = [j for j in range(4) if j != stage - 1]
    return own + sum((1 - gates[f"stage{stage}"](own)) * gates[f"stage{j + 1}"](at[j]) * at[j] for j in others)


@right("05 check_fusion")
def popped_from_a_dictionary(maps, gates, stage):
    named = dict(zip(gates, maps, strict=True))
    own = named.pop(f"stage{stage}")
    heard = torch.zeros_like(own)
    for name, other in named.items():
        other = torch.nn.Upsample(size=own.shape[-2:], mode="bilinear")(other)
        heard += gates[name](other) * other
    return torch.addcmul(own, heard, 1 - gates[f"stage{stage}"](own))


@right("05 check_fusion")
def by_einsum_of_all_others(maps, gates, stage):
    own = maps.pop(stage - 1)
    size = own.shape[-2:]
    names = [f"stage{j}" for j in (1, 2, 3, 4) if j != stage]
    at = torch.stack([resize(m, size) for m in maps])
    opened = torch.stack([gates[name](m).expand_as(m) for name, m in zip(names, at, strict=True)])
    heard = torch.einsum("jbchw,jbchw->bchw", opened, at)
    return own + heard - gates[f"stage{stage}"](own) * heard


@right("05 check_fusion")
def in_double_precision_of_the_values(maps, gates, stage):
    return by_interpolating_everything([m.double() for m in maps], gates.double(), stage)


@right("05 check_fusion")
def by_slices_of_the_list(maps, gates, stage):
    gate = [gates[f"stage{j}"] for j in range(1, 5)]
    own, others = maps[stage - 1], [*range(stage - 1), *range(stage, 4)]
    mine = own.permute(0, 2, 3, 1)
    for j in others:
        other = resize(maps[j], own.shape[-2:])
        mine = mine + ((1 - gate[stage - 1](own)) * (gate[j](other) * other)).permute(0, 2, 3, 1)
    return mine.movedim(-1, 1)


# 06, and once more in 10: the soft Dice loss


@right("06 check_dice")
def by_einsum(p, y):
    overlap = torch.einsum("brc,brc->b", p, y)
    return torch.mean(1 - (2 * overlap + 1) / (torch.einsum("brc->b", p + y) + 1))


@right("06 check_dice")
def by_a_loop_over_images(p, y):
    losses = [1 - (2 * (a * b).sum() + 1) / (a.sum() + b.sum() + 1) for a, b in zip(p, y, strict=True)]
    return sum(losses) / len(losses)


@right("06 check_dice")
def flattened_with_one_bracket(p, y):
    p, y = p.flatten(start_dim=1), y.reshape(len(y), -1).type_as(p)
    size = torch.cat([p, y], dim=1).sum(dim=-1)
    return torch.div(size - 2 * (p * y).sum(dim=-1), size + 1).mean()


@right("06 check_dice")
def in_double_precision_as_matrices(p, y):
    p, y = p.double().flatten(1), y.double().flatten(1)
    return (1.0 - (2.0 * torch.diagonal(p @ y.mT) + 1.0) / (p.sum(1) + y.sum(1) + 1.0)).mean(dim=0)


@right("06 check_dice")
def chosen_by_the_mask(p, y):
    inside = torch.where(y > 0, p, 0).sum(dim=(-2, -1))
    coefficient = (2 * inside + 1) / (p.sum(dim=(-2, -1)) + torch.count_nonzero(y, dim=(1, 2)) + 1)
    return torch.ones(()) - coefficient.mean()


@right("06 check_dice")
def by_module_and_squeezed(p, y):
    class Dice(torch.nn.Module):
        def forward(self, p, y):
            overlap, size = (p * y).sum(2).sum(1), (p + y).sum(2).sum(1)
            return (1 - (2 * overlap + 1) / (size + 1)).mean(0, keepdim=True).squeeze()

    return Dice()(p, y)
