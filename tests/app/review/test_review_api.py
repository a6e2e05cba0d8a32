"""Review through the API: queues, hidden answers, verdicts, undo, appeals; on both databases."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import update
from starlette.testclient import TestClient

from app.store import LOCAL
from app.store.review_queues import HOLD
from app.store.review_tables import ReviewTaskRow, VerdictRow
from app.store.sampling import Draw, stratified
from app.store.tables import ConversationRow, CorrectionRow
from multimodal.scoring import DISAGREES
from tests.app.alerts.conversations import conversation, turn
from tests.app.conftest import API, problem
from tests.app.review.calls import ANGRY, CALM, Person, call, person, services


def test_must_fills_itself_with_the_riskiest_first(client: TestClient) -> None:
    call(client, "calm", CALM)
    low = call(client, "angry", ANGRY, CALM, ANGRY, ANGRY)
    high = call(client, "angrier", ANGRY, ANGRY, ANGRY)
    li, wu = person(client, "reviewer", "li"), person(client, "reviewer", "wu")
    first = li.next("must")
    assert (first["conversation_id"], first["hidden"]) == (high, False)
    assert (first["level"], first["wanted"]) == ("heated", [2, 3, 4])
    assert first["turns"][1]["model"]["label"] == "angry"
    assert li.next("must")["id"] == first["id"]  # It stays theirs until it is done.
    second = wu.next("must")
    assert second["conversation_id"] == low
    assert wu.next("must", after=second["id"]) is None
    assert li.ask("GET", "/reviews/queues").json()["must"]["open"] == 2
    done = li.judge(first["id"], verdict="upheld")
    assert (done["verdict"]["verdict"], done["verdict"]["dissatisfied"]) == ("upheld", True)
    assert li.ask("GET", "/reviews/queues").json()["must"] == {"open": 1, "mine": 0, "done": 1}


def test_a_second_reviewer_is_told_who_has_it_and_since_when(client: TestClient) -> None:
    call(client, "angry", ANGRY, ANGRY)
    li, wu = person(client, "reviewer", "li"), person(client, "reviewer", "wu")
    task = li.next("must")["id"]
    for method, path, body in (
        ("POST", "take", None),
        ("PUT", "turns/2", {"label": "sad"}),
        ("PUT", "verdict", {"verdict": "upheld"}),
    ):
        error = problem(wu.ask(method, f"/reviews/tasks/{task}/{path}", body), 409)
        assert "li has had it open since 20" in error["what"]
    li.judge(task, verdict="upheld")
    error = problem(wu.ask("PUT", f"/reviews/tasks/{task}/verdict", {"verdict": "upheld"}), 409)
    assert error["what"].startswith("li answered it at 20")
    again = problem(li.ask("PUT", f"/reviews/tasks/{task}/verdict", {"verdict": "upheld"}), 409)
    assert again["remedy"] == "Undo it first."


def test_reviewers_who_come_at_once_get_different_ones(client: TestClient) -> None:
    for name in "abcdef":
        call(client, name, ANGRY, ANGRY)
    people = [person(client, "reviewer", name) for name in ("li", "wu", "sun", "qian")]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda who: who.next("must"), people))
    assert len({one["conversation_id"] for one in found}) == 4
    assert [one["taken_by"] for one in found] == ["li", "wu", "sun", "qian"]


def test_who_leaves_a_task_loses_it(sqlite_client: TestClient) -> None:
    client = sqlite_client
    call(client, "angry", ANGRY, ANGRY)
    li, wu = person(client, "reviewer", "li"), person(client, "reviewer", "wu")
    task = li.next("must")["id"]
    with services(client).store._writing() as session:
        row = session.get_one(ReviewTaskRow, task)
        assert row.taken_at is not None
        row.taken_at -= HOLD + timedelta(seconds=1)
    assert wu.next("must")["id"] == task


def test_what_the_models_said_is_hidden_until_it_is_answered(sqlite_client: TestClient) -> None:
    client = sqlite_client
    call(client, "angry", ANGRY, CALM, queue="售后")
    boss, li = person(client, "supervisor", "boss"), person(client, "reviewer", "li")
    drawn = boss.ask("POST", "/reviews/draws", {"queue": "random", "number": 1, "seed": 7})
    assert drawn.status_code == 201, drawn.text
    assert (drawn.json()["drawn"], drawn.json()["eligible"]) == (1, 1)
    task = li.next("random")

    def told(one: Any) -> list[Any]:
        return [turn["model"] for turn in one["turns"]] + [one["level"], one["risk"]]

    listed = li.ask("GET", "/reviews/tasks", queue="random").json()["data"][0]
    assert (listed["level"], listed["risk"], listed["hidden"]) == (None, None, True)
    assert told(task) == [None] * 5
    assert set(li.label(task["id"], 2, "angry")) == {
        "id", "turn", "label", "comment", "author", "made_at", "revoked_at", "revoked_by",
    }  # fmt: skip
    again = li.ask("GET", f"/reviews/tasks/{task['id']}").json()
    assert (told(again), again["turns"][1]["mine"]) == ([None] * 5, "angry")
    named = li.ask("PUT", f"/reviews/tasks/{task['id']}/verdict", {"verdict": "upheld"})
    assert "hidden" in problem(named, 422)["what"]
    done = li.judge(task["id"], dissatisfied=False)
    assert done["turns"][1]["model"]["label"] == "angry"
    assert done["level"] in ("watch", "calm")
    assert (done["verdict"]["verdict"], done["risk"] is None) == ("upheld", False)


def test_an_answer_is_undone_and_never_deleted(client: TestClient) -> None:
    number = call(client, "angry", ANGRY, ANGRY)
    li = person(client, "reviewer", "li")
    task = li.next("must")["id"]
    li.label(task, 2, "sad")
    li.label(task, 2, "angry")
    assert li.ask("DELETE", f"/reviews/tasks/{task}/turns/2").status_code == 204
    assert li.ask("GET", f"/reviews/tasks/{task}").json()["turns"][1]["mine"] is None
    li.judge(task, verdict="false_alarm", cause="irony", comment="他说 13800138000")
    li.ask("DELETE", f"/reviews/tasks/{task}/verdict")
    li.judge(task, verdict="upheld")
    kept = li.ask("GET", f"/conversations/{number}").json()
    assert [(c["label"], c["revoked_by"]) for c in kept["corrections"]] == [
        ("sad", "li"),
        ("angry", "li"),
    ]
    assert kept["turns"][1]["answer"]["label"] == "angry"
    history = li.ask("GET", f"/conversations/{number}/reviews").json()["data"]
    assert [(v["verdict"], v["revoked_by"]) for v in history] == [
        ("false_alarm", "li"),
        ("upheld", ""),
    ]
    assert "138" not in history[0]["comment"]
    with services(client).store._reading() as session:
        row = session.get_one(CorrectionRow, kept["corrections"][0]["id"])
        assert (row.model_label, row.task_id) == ("angry", task)
        assert (row.models or "").startswith("one@1;text=words@1")


def test_a_verdict_has_to_fit_what_the_product_said(sqlite_client: TestClient) -> None:
    call(sqlite_client, "angry", ANGRY, ANGRY)
    li = person(sqlite_client, "reviewer", "li")
    task = li.next("must")["id"]
    path = f"/reviews/tasks/{task}"
    assert (
        "dissatisfied"
        in problem(li.ask("PUT", f"{path}/verdict", {"verdict": "missed"}), 422)["what"]
    )
    problem(li.ask("PUT", f"{path}/verdict", {}), 422)
    problem(li.ask("PUT", f"{path}/verdict", {"verdict": "upheld", "dissatisfied": True}), 422)
    problem(li.ask("PUT", f"{path}/turns/1", {"label": "sad"}), 404)  # The agent's.
    problem(li.ask("PUT", f"{path}/turns/2", {"label": "bored"}), 422)
    problem(li.ask("PUT", "/reviews/tasks/999/turns/2", {"label": "sad"}), 404)


def test_two_reviewers_are_kept_apart(client: TestClient) -> None:
    number = call(client, "angry", ANGRY, ANGRY)
    boss = person(client, "supervisor", "boss")
    body = {"queue": "random", "share": 1.0, "second": True, "reviewers": ["li", "wu"]}
    assert boss.ask("POST", "/reviews/draws", body).status_code == 201
    li, wu = person(client, "reviewer", "li"), person(client, "reviewer", "wu")
    mine, theirs = li.next("random"), wu.next("random")
    assert {mine["slot"], theirs["slot"]} == {1, 2}
    stolen = problem(li.ask("POST", f"/reviews/tasks/{theirs['id']}/take"), 409)
    assert "wu" in stolen["what"]
    done = li.judge(mine["id"], dissatisfied=True)
    # Nobody sees what the models or the other said until both have answered.
    assert (done["hidden"], done["level"], done["verdict"]) == (True, None, None)
    assert done["dissatisfied"] is True
    seen = wu.ask("GET", f"/reviews/tasks/{mine['id']}").json()
    assert all(turn["model"] is None for turn in seen["turns"])
    assert wu.ask("GET", "/reviews/verdicts").json() == {"data": [], "count": 0}
    assert li.next("random") is None
    path = f"/conversations/{number}/reviews"
    assert wu.ask("GET", path).json()["data"] == []  # Until both have answered.
    assert listed(wu, "reviewed") == []
    assert listed(wu, "waiting") == [number]
    wu.judge(theirs["id"], dissatisfied=False)
    assert [v["author"] for v in wu.ask("GET", path).json()["data"]] == ["li", "wu"]
    assert wu.ask("GET", "/reviews/verdicts").json()["count"] == 2
    assert li.ask("GET", f"/reviews/tasks/{mine['id']}").json()["level"] is not None
    one = body | {"reviewers": ["li", "li"]}
    assert "each once" in problem(boss.ask("POST", "/reviews/draws", one), 422)["remedy"]


def test_learn_begins_with_the_most_doubtful(sqlite_client: TestClient) -> None:
    call(sqlite_client, "sure", CALM)  # Neutral by .48: doubtful.
    sure = call(sqlite_client, "very sure", ANGRY)
    li = person(sqlite_client, "reviewer", "li")
    assert li.next("learn")["conversation_id"] != sure
    assert li.ask("GET", "/reviews/queues").json()["learn"]["open"] == 1


@pytest.mark.parametrize("disagreement", [0.0, DISAGREES - 0.01, DISAGREES])
def test_channels_that_disagree_teach_and_stand_in_the_report(
    client: TestClient, disagreement: float
) -> None:
    disagrees = disagreement >= DISAGREES
    scored = conversation(turn("angry", p=0.95, disagreement=disagreement))
    number = services(client).store.save(scored).id
    li = person(client, "reviewer", "li")
    assert (li.next("learn") is not None) is disagrees
    report = li.ask("GET", f"/conversations/{number}/report", format="html").text
    assert ("各通道看法不一" in report) is disagrees


def test_tasks_are_given_to_somebody(sqlite_client: TestClient) -> None:
    for name in "abcd":
        call(sqlite_client, name, ANGRY, ANGRY, queue="售后")
    boss = person(sqlite_client, "supervisor", "boss")
    body = {"queue": "must", "number": 4, "reviewers": ["li", "wu"]}
    assert boss.ask("POST", "/reviews/draws", body).json()["drawn"] == 4
    (drawn,) = boss.ask("GET", "/reviews/draws").json()["data"]
    assert (drawn["drawn"], drawn["author"], drawn["wanted"]["number"]) == (4, "boss", 4)
    li, wu = person(sqlite_client, "reviewer", "li"), person(sqlite_client, "reviewer", "wu")
    assert li.ask("GET", "/reviews/queues").json()["must"] == {"open": 2, "mine": 2, "done": 0}
    task = wu.next("must")["id"]
    assert "wu" in problem(li.ask("POST", f"/reviews/tasks/{task}/take"), 409)["what"]
    assert boss.ask("PATCH", f"/reviews/tasks/{task}", {"assignee": "li"}).status_code == 200
    assert li.ask("GET", "/reviews/queues").json()["must"]["mine"] == 3
    problem(li.ask("PATCH", f"/reviews/tasks/{task}", {"assignee": ""}), 403)
    nothing = boss.ask("POST", "/reviews/draws", body | {"of_queue": "nowhere"})
    assert "nothing to draw" in problem(nothing, 422)["what"]


def listed(one: Person, review: str) -> list[int]:
    found = one.ask("GET", "/conversations", review=review).json()["data"]
    return [row["id"] for row in found]


def test_an_appeal_is_decided_by_somebody_else_for_good(client: TestClient) -> None:
    number = call(client, "angry", ANGRY, ANGRY, team="一组")
    li = person(client, "reviewer", "li")
    boss = person(client, "supervisor", "boss", "一组")
    stranger = person(client, "supervisor", "stranger", "二组")
    task = li.next("must")["id"]
    verdict = li.judge(task, verdict="upheld")["verdict"]["id"]
    path = f"/reviews/verdicts/{verdict}/appeal"
    problem(li.ask("POST", path, {"reason": "不对"}), 403)
    problem(stranger.ask("POST", path, {"reason": "不对"}), 404)
    problem(boss.ask("POST", path, {"reason": "  "}), 422)
    appealed = boss.ask("POST", path, {"reason": "客户说的是邻居"}).json()
    assert (appealed["final"], appealed["appeal"]["author"]) == (False, "boss")
    assert listed(boss, "appealed") == listed(boss, "upheld") == [number]
    assert "boss appealed at 20" in problem(boss.ask("POST", path, {"reason": "再说"}), 409)["what"]
    assert "appealed" in problem(li.ask("DELETE", f"/reviews/tasks/{task}/verdict"), 409)["what"]
    assert li.ask("GET", "/reviews/queues").json()["appeals"] == 1
    decision = f"/reviews/appeals/{appealed['appeal']['id']}/decision"
    for nobody in (li, boss):
        assert (
            "other than"
            in problem(nobody.ask("POST", decision, {"dissatisfied": False}), 403)["what"]
        )
    wu = person(client, "reviewer", "wu")
    done = wu.ask("POST", decision, {"dissatisfied": False, "comment": "确是转述"}).json()
    assert (done["verdict"], done["holds"], done["final"]) == ("upheld", "false_alarm", True)
    assert listed(boss, "appealed") == listed(boss, "upheld") == listed(boss, "waiting") == []
    assert listed(boss, "false_alarm") == listed(boss, "reviewed") == [number]
    error = problem(wu.ask("POST", decision, {"dissatisfied": True}), 409)
    assert error["what"].startswith("wu decided it at 20")
    assert wu.ask("GET", "/reviews/queues").json()["appeals"] == 0


def test_an_appeal_past_its_deadline_is_refused(sqlite_client: TestClient) -> None:
    client = sqlite_client
    call(client, "angry", ANGRY, ANGRY)
    li, boss = person(client, "reviewer", "li"), person(client, "supervisor", "boss")
    verdict = li.judge(li.next("must")["id"], verdict="upheld")["verdict"]["id"]
    with services(client).store._writing() as session:
        moved = VerdictRow.made_at
        row = session.get_one(VerdictRow, verdict)
        session.execute(
            update(VerdictRow).values({moved: row.made_at - timedelta(days=7, hours=1)})
        )
    late = boss.ask("POST", f"/reviews/verdicts/{verdict}/appeal", {"reason": "不对"})
    assert "the time for an appeal was over at 20" in problem(late, 409)["what"]
    assert boss.ask("GET", "/reviews/verdicts").json()["data"][0]["final"]


def test_review_goes_with_its_conversation_and_with_its_roles(client: TestClient) -> None:
    number = call(client, "angry", ANGRY, ANGRY)
    li = person(client, "reviewer", "li")
    task = li.next("must")["id"]
    li.judge(task, verdict="upheld")
    store = services(client).store
    store.swap_roles(number, LOCAL)
    problem(li.ask("GET", f"/reviews/tasks/{task}"), 404)
    store.delete(number, LOCAL)
    assert li.ask("GET", "/reviews/verdicts").json()["count"] == 0


def test_comments_go_with_the_words(sqlite_client: TestClient) -> None:
    client = sqlite_client
    number = call(client, "angry", ANGRY, ANGRY)
    li, boss = person(client, "reviewer", "li"), person(client, "supervisor", "boss")
    verdict = li.judge(li.next("must")["id"], verdict="upheld", comment="客户姓王")["verdict"]
    boss.ask("POST", f"/reviews/verdicts/{verdict['id']}/appeal", {"reason": "王先生说的"})
    with services(client).store._writing() as session:
        row = session.get_one(ConversationRow, number)
        row.received_at -= timedelta(days=200)
    assert client.post(f"{API}/retention/sweep").status_code == 200
    (kept,) = li.ask("GET", f"/conversations/{number}/reviews").json()["data"]
    assert (kept["verdict"], kept["comment"], kept["appeal"]["reason"]) == ("upheld", "", "")


def test_the_same_seed_draws_the_same(sqlite_client: TestClient) -> None:
    for number in range(12):
        call(sqlite_client, f"c{number}", *[CALM] * 9, queue="售后" if number % 3 else "宽带")
    store = services(sqlite_client).store
    drawn = []
    for _ in range(2):
        store.queues.draw(Draw("random", number=6, seed=11, turns=3), LOCAL)
        found, count = store.queues.page(LOCAL, queue="random", done=None, limit=99, offset=0)
        drawn.append({(one.row.conversation_id, tuple(one.row.turns)) for one in found})
        assert count == 6
        assert sum(one.conversation.queue == "宽带" for one in found) == 2
        with store._writing() as session:
            for one in found:
                session.delete(session.get_one(ReviewTaskRow, one.row.id))
    assert drawn[0] == drawn[1]


@given(
    st.dictionaries(st.text(max_size=3), st.integers(1, 40), min_size=1, max_size=6),
    st.integers(1, 120),
    st.integers(0, 9),
)
def test_a_stratified_draw_is_in_proportion(sizes: dict[str, int], size: int, seed: int) -> None:
    strata = {name: [hash((name, i)) for i in range(count)] for name, count in sizes.items()}
    drawn = stratified(strata, size, seed)
    total = sum(sizes.values())
    assert len(drawn) == len(set(drawn)) == min(size, total)
    for ids in strata.values():
        got = len(set(ids) & set(drawn))
        share = min(size, total) * len(ids) / total
        assert got >= 1 or size < len(sizes)
        assert abs(got - share) <= len(sizes)


@pytest.mark.parametrize("days", [0, 31])
def test_the_days_of_an_appeal_are_bounded(days: int) -> None:
    from app.settings import Settings

    with pytest.raises(ValueError, match="appeal_days"):
        Settings(appeal_days=days)
