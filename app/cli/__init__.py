"""`emotion-monitor`: the command line.

Progress and messages go to stderr, data to stdout. Exit status: 0 all fine, 1 some items failed,
2 the command was used wrongly, 3 a model is missing, 130 interrupted.
"""

from __future__ import annotations

import sys

import typer

from app.cli import (
    accounts,
    intake,
    live,
    people,
    reports,
    scoring,
    search,
    site,
    training,
    watching,
)
from app.cli.output import say
from multimodal.errors import EmotionMonitorError, InvalidInputError, ModelMissingError

app = typer.Typer(
    name="emotion-monitor",
    help="Emotion monitor for customer-service calls, video calls and chats. "
    "客服对话情绪监测：电话、视频、在线聊天，离线运行。",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
for command in (
    scoring.score,
    search.search,
    scoring.demo,
    intake.inbox,
    intake.manifest,
    site.serve,
    live.simulate,
    watching.watch,
    scoring.evaluate,
    training.adapt,
    site.models,
    site.doctor,
    people.erase,
    people.audit,
):
    app.command()(command)
for name, group in (
    ("db", site.db),
    ("train", training.train),
    ("user", accounts.user),
    ("key", accounts.key),
    ("report", reports.report),
    ("roles", people.roles),
    ("notice", people.notice),
    ("retention", people.retention),
):
    app.add_typer(group, name=name)


def main() -> None:
    """Runs the command line and ends the process with its exit status."""
    try:
        app()
    except ModelMissingError as error:
        say(f"model missing: {error}")
        sys.exit(3)
    except InvalidInputError as error:
        say(f"error: {_masked(error)}")
        sys.exit(2)
    except EmotionMonitorError as error:
        say(f"error: {_masked(error)}")
        sys.exit(1)
    except BrokenPipeError:
        sys.stderr.close()  # Whoever read stdout has gone: nothing more to say to them.
        sys.exit(1)


def _masked(error: EmotionMonitorError) -> EmotionMonitorError:
    from multimodal.masking import Masker

    return Masker().error(error)
