"""Shell commands to steps: each command of a RUN is looked at once and gets one outcome."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from dock2nix.extract.judging import judge_invocation
from dock2nix.extract.owners import as_usual, owned_by
from dock2nix.extract.paths import settle
from dock2nix.extract.pipelines import feed_pipelines
from dock2nix.extract.scripts import parts_of, script_of, standard_folders
from dock2nix.extract.verdicts import Scene, Verdict, combine, not_needed, unresolved
from dock2nix.model.finding import FINDING_CODES, Finding, Outcome, Severity
from dock2nix.model.packages import Action
from dock2nix.model.shell import Certainty, Opaque, ShellCommand
from dock2nix.model.steps import CommandOutcome, Step

if TYPE_CHECKING:
    from dock2nix.extract.scripts import Part
    from dock2nix.model.shell import ShellItem

__all__ = ["Scene", "extract_commands"]


def extract_commands(items: tuple[ShellItem, ...], scene: Scene) -> Outcome[tuple[Step, ...]]:
    """The steps of one RUN, one for each item, in order.

    Args:
        items: what `parse_shell` made of the text.
        scene: where the RUN stands.
    """
    verdicts = _verdicts(items, scene)
    steps = tuple(_step(item, verdict, scene.stage) for item, verdict in zip(items, verdicts, strict=True))
    findings = tuple(
        finding for item, verdict in zip(items, verdicts, strict=True) for finding in _findings(item, verdict)
    )
    return Outcome(steps, findings)


def _verdicts(items: tuple[ShellItem, ...], scene: Scene) -> list[Verdict]:
    """The verdict on each item; in a script that is read as a whole only up to the first that is certainly left."""
    judged: list[Verdict] = []
    for part in parts_of(items, scene.text):
        before = len(judged)
        _judge_part(part, items, judged, scene)
        if scene.depth and any(_is_left(at, items, judged) for at in range(before, len(judged))):
            judged += [not_needed("")] * (len(items) - len(judged))
            break
    return feed_pipelines(items, judged)


def _is_left(at: int, items: tuple[ShellItem, ...], judged: list[Verdict]) -> bool:
    """Whether a command has no translation, and no other reads its output, whose fate it might share."""
    if judged[at].outcome is not CommandOutcome.UNRESOLVED:
        return False
    commands = [one for one in items if isinstance(one, ShellCommand)]
    item = items[at]
    inside = isinstance(item, ShellCommand) and item.substitution_of is not None
    return not inside and all(one.stdin_from != at for one in commands)


def _judge_part(part: Part, items: tuple[ShellItem, ...], judged: list[Verdict], scene: Scene) -> None:
    """Judge the items of a part; if one of them has no translation, the part as a whole may still be a script."""
    before = len(scene.files.effects)
    for item in items[part.first : part.last]:
        verdict = _settled(_judge(item, items, judged, scene), scene)
        scene.files.effects.extend(verdict.effects)
        judged.append(verdict)
    verdicts = _as_script(part, items, judged, scene)
    if verdicts:
        if len(scene.files.effects) > before:
            del scene.files.effects[before:]
            scene.known.reset(scene.files.effects)
        for effect in verdicts[0].effects:
            scene.known.add(effect)
            scene.files.effects.append(effect)
        judged[part.first :] = verdicts


def _as_script(
    part: Part, items: tuple[ShellItem, ...], judged: list[Verdict], scene: Scene
) -> tuple[Verdict, ...]:
    """The verdicts on a part that becomes a script, its effect with the first of them; () when it does not."""
    own = judged[part.first : part.last]
    left = any(verdict.outcome is CommandOutcome.UNRESOLVED for verdict in own)
    if part.piece is None or scene.text is None or not left:
        return ()
    if any(verdict.installs or _has_error(verdict.problems) for verdict in own):
        return ()
    script = script_of(items[part.first : part.last], part.piece, scene.text, scene)
    if script is None:
        return ()
    whole = Verdict(
        outcome=CommandOutcome.SCRIPT,
        reason="runs verbatim in the build, without network",
        effects=(*standard_folders(script), script),
    )
    return (whole, *(replace(whole, effects=()) for _ in own[1:]))


def _settled(verdict: Verdict, scene: Scene) -> Verdict:
    """The verdict with effects that fit what is in the image, owned by who runs the command."""
    if not verdict.effects or verdict.settled:
        return verdict
    effects = as_usual(verdict.effects, scene.distribution)
    settled = settle(owned_by(effects, scene.user), scene.known)
    if settled.problem:
        return unresolved(settled.problem)
    if not settled.effects and not verdict.installs:
        return not_needed("what it removes is not in the Nix image")
    return replace(verdict, effects=settled.effects)


def _step(item: ShellItem, verdict: Verdict, stage: int) -> Step:
    return Step(
        stage=stage,
        program=(item.program or "") if isinstance(item, ShellCommand) else "",
        text=item.text,
        location=item.location,
        outcome=verdict.outcome,
        reason=verdict.reason,
        installs=verdict.installs,
        effects=verdict.effects,
        conditional=isinstance(item, ShellCommand) and item.certainty is Certainty.CONDITIONAL,
    )


def _findings(item: ShellItem, verdict: Verdict) -> tuple[Finding, ...]:
    problems = verdict.problems
    if verdict.outcome is CommandOutcome.UNRESOLVED and not verdict.quiet and not _has_error(problems):
        shown = item.text if len(item.text) <= 120 else item.text[:119] + "…"
        problems = (*problems, ("D2N301", f"{shown}: {verdict.reason}", ""))
    located = tuple(
        Finding(code=code, message=message, location=item.location, hint=hint)
        for code, message, hint in problems
    )
    words = tuple(
        Finding(code="D2N204", message=f"{word.text}: {word.reason}", location=word.location)
        for install in verdict.installs
        for word in install.unknown
    )
    return located + words


def _has_error(problems: tuple[tuple[str, str, str], ...]) -> bool:
    return any(FINDING_CODES[code][1] is Severity.ERROR for code, _, _ in problems)


def _judge(item: ShellItem, items: tuple[ShellItem, ...], judged: list[Verdict], scene: Scene) -> Verdict:
    """What an item means, given the verdicts on those before it."""
    if isinstance(item, Opaque):
        return unresolved(item.reason, ("D2N108", f"{item.text[:120]}: {item.reason}", ""))
    if item.location in scene.builds:
        return scene.builds[item.location]
    if item.certainty is Certainty.NEVER:
        return not_needed(f"never runs: {item.condition}" if item.condition else "never runs")
    guarded = item.certainty is Certainty.FALLBACK and _follows_question(items, judged)
    if item.certainty is Certainty.FALLBACK and not guarded:
        return not_needed("runs only when the command before it fails")
    verdict = combine(tuple(judge_invocation(run, item, items, scene) for run in item.invocations))
    if verdict.outcome is CommandOutcome.UNRESOLVED:
        verdict = _as_own_script(item, verdict, scene)
    if item.certainty is Certainty.CONDITIONAL or guarded:
        return _under_condition(verdict, item.condition)
    return verdict


def _as_own_script(item: ShellCommand, verdict: Verdict, scene: Scene) -> Verdict:
    """What a command means that runs a copied script, by what the commands of that mean; all of them, or it stays as it is."""
    from dock2nix.extract.own_scripts import own_script, shown_effect, shown_install  # noqa: PLC0415 - few run one

    script = own_script(item, scene)
    if script is None:
        return verdict
    before = len(scene.files.effects)
    inner = _verdicts(script.items, script.scene)
    del scene.files.effects[before:]
    pairs = sorted(zip(script.items, inner, strict=True), key=lambda pair: pair[1].quiet)
    refusal = next(((one, reason) for one, judged in pairs if (reason := _why_not(one, judged))), None)
    if refusal is not None:
        scene.known.reset(scene.files.effects)
        one, reason = refusal
        place = f"{script.path}, line {one.location.first_line}"
        return replace(verdict, reason=f"{place}: {' '.join(one.text.split())[:60]}: {reason}")
    path, location = script.path, item.location
    effects = tuple(shown_effect(one, path, location) for judged in inner for one in judged.effects)
    installs = tuple(shown_install(one, path, location) for judged in inner for one in judged.installs)
    done = {judged.outcome for judged in inner}
    outcome = CommandOutcome.SCRIPT if CommandOutcome.SCRIPT in done else CommandOutcome.TRANSLATED
    return Verdict(
        outcome=outcome if effects or installs else CommandOutcome.NOT_NEEDED,
        reason=f"{path} was read: what each of its {len(inner)} commands does",
        installs=installs,
        effects=effects,
        problems=tuple(dict.fromkeys(problem for judged in inner for problem in judged.problems)),
        settled=True,
    )


def _why_not(item: ShellItem, verdict: Verdict) -> str:
    """Why a script with a command is left alone as a whole, "" when the command is no reason."""
    if verdict.outcome is CommandOutcome.UNRESOLVED or _has_error(verdict.problems):
        return verdict.reason or verdict.problems[0][1]
    asks = isinstance(item, ShellCommand) and item.certainty is not Certainty.ALWAYS
    if asks and any(install.action is Action.INSTALL for install in verdict.installs):
        return "what is installed hangs on a condition that cannot be known here"
    return "a name cannot be known" if any(install.unknown for install in verdict.installs) else ""


def _follows_question(items: tuple[ShellItem, ...], judged: list[Verdict]) -> bool:
    """Whether the command in front of `||` does nothing itself (`id -u app || useradd app`): it asks, and `||` is a condition.

    Behind a command that does something, `||` is for the mishap that does not happen in a build that succeeds.
    """
    for item, verdict in zip(reversed(items[: len(judged)]), reversed(judged), strict=True):
        if isinstance(item, ShellCommand) and (
            item.certainty is Certainty.FALLBACK or item.substitution_of is not None
        ):
            continue
        installs = any(one.action is Action.INSTALL for one in verdict.installs)
        return not (verdict.effects or installs)
    return True


def _under_condition(verdict: Verdict, condition: str) -> Verdict:
    what = f"only if {condition}" if condition else "only under a condition that cannot be known here"
    if verdict.installs and verdict.outcome is CommandOutcome.TRANSLATED:
        problem = ("D2N206", f"installed {what}; taken as if it held", "")
        return replace(verdict, problems=(*verdict.problems, problem))
    if verdict.effects:
        return unresolved(f"runs {what}")
    return verdict
