"""Every word of the page of models, in Chinese and English, by key."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from app.dashboard import texts

_TEXTS: Mapping[str, tuple[str, str]] = {
    "intro": (
        "已安装的模型：模型卡、分类别的测量结果、条款与正在使用的版本。数字来自训练时没有见过的人和文字。",
        "Installed models: cards, results by class, terms, and which version answers. Figures are "
        "of people and texts that the training never saw.",
    ),
    "package_text": ("文字", "Words"),
    "package_audio": ("语音", "Voice"),
    "package_vision": ("表情", "Face"),
    "package_fusion": ("融合与风险", "Fusion and risk"),
    "in_use": ("使用中", "in use"),
    "version": ("版本", "Version"),
    "size": ("大小", "Size"),
    "digest": ("摘要", "Digest"),
    "terms_open": ("开放", "open"),
    "terms_research": ("仅限研究", "research only"),
    "measured": ("测量结果", "Measured"),
    "which_set": ("测试集", "Set"),
    "n": ("样本数", "n"),
    "accuracy": ("准确率", "Accuracy"),
    "per_class": ("分类别", "By class"),
    "class": ("类别", "Class"),
    "precision": ("精确率", "Precision"),
    "recall": ("召回率", "Recall"),
    "card": ("模型卡", "Model card"),
    "no_sets": ("没有分类别的结果，见模型卡。", "No results by class: see the card."),
    "calibration": ("本站的校准", "Calibration on this site's calls"),
    "calibration_help": (
        "抽检中，模型给出的置信度（横轴）与复核人同意的比例（纵轴）。落在斜线上即校准良好；"
        "竖线是 95% 区间，碰到斜线即在误差之内。",
        "Random review: the models' confidence across, the share that reviewers agreed with up. On "
        "the diagonal it is calibrated; bars are 95 % intervals, and one that meets the diagonal "
        "is within noise.",
    ),
    "no_calibration": (
        "还没有抽检结果。复核“抽检”队列后，这里会出现校准图。训练时的校准误差（ECE）见下。",
        "Nothing was reviewed at random yet: the plot comes with it. Errors of calibration (ECE) "
        "at training stand below.",
    ),
    "confidence": ("置信度", "Confidence"),
    "agreed": ("复核人同意", "Reviewers agreed"),
    "ece": (
        "各测试集的校准误差（ECE，越小越好）",
        "Calibration error (ECE) by set, less is better",
    ),
}


t = partial(texts.text_of, _TEXTS)
"""The text for a key in the session's language; what other pages say too is theirs."""
