"""The report of a study: one HTML page that loads nothing and can be read without scripts."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from html import escape
from typing import Any

from feelit import __version__
from feelit.analysis.study.contrasts import CORRECTIONS
from feelit.analysis.study.run import StudyTables
from feelit.render.theme import LEVEL_COLOURS
from feelit.reports import page
from feelit.reports.study_figures import Figure, Rows, contrast_figures, curve_figures, interval, p_text, participant_figure
from feelit.reports.svg import LINE, Svg
from feelit.storage.atomic import whole_file
from feelit.storage.location import Location
from feelit.storage.names import one_line

SHELL = page.Shell(
    "study",
    ("page.css", "parts.css", "study.css"),
    ("text.js", "save.js", "study.js"),
    before='<main id="page">\n',
    after="</main>\n",
    attributes=' data-theme="light"',
)

NOTE = "This describes how faces look, not what people feel. What is averaged and permuted are participants, not pictures."
FIRST_CURVES = 4
"""The curves of this many emotions are shown; the others can be unfolded."""


def write_study_report(tables: StudyTables, out: Location) -> None:
    """Write the page.

    Raises
    ------
    OutputError
        if it cannot be written.
    """
    with whole_file(out) as temporary, temporary.open("w", encoding="utf-8", newline="\n") as file:
        file.write(page.head(f"{one_line(tables.design.title)} · feelit study", SHELL))
        for part in _Page(tables).parts():
            file.write(part)
        file.write(page.foot(SHELL))


class _Page:
    """The sections of the page; their blocks of data are numbered consecutively."""

    def __init__(self, tables: StudyTables) -> None:
        self.tables, self.design, self._count = tables, tables.design, 0

    def parts(self) -> Iterator[str]:
        """The content of the page, section by section."""
        yield f"<h1>{_text(self.design.title)}</h1>\n"
        yield f'<p class="lead">{_text(self._sentence())}</p>\n<p class="note">{_text(NOTE)}</p>\n'
        yield from self._contrasts()
        yield from self._curves()
        if (figure := participant_figure(self.tables)) is not None:
            yield "<h2>Participants</h2>\n"
            yield self._figure(figure)
        yield from self._quality()
        yield from self._agreement()
        yield from self._design()

    def _sentence(self) -> str:
        people, status = self.design.participants, self.tables.quality["status"].tolist()
        windows = self.tables.table.units
        used = int((windows["missing"] == "").sum())
        words = f"{_counted(len(people), 'participant')}, {used:,} of {_counted(len(windows), 'window')} measured"
        for kind, what in (("excluded", "excluded"), ("partly", "in part")):
            if count := status.count(kind):
                words += f"; {_counted(count, 'participant')} {what}"
        return words + "."

    def _contrasts(self) -> Iterator[str]:
        rows = self.tables.contrasts
        if not rows:
            return
        yield "<h2>Contrasts</h2>\n"
        for figure in contrast_figures(rows):
            yield self._figure(figure)
        heads = ["contrast", "measure", "n", "means", "difference [95 %]", "effect size [95 %]", "p", "p corrected", "left out"]
        body = []
        for row in rows:
            n = f"{row.n_a}" if row.design == "paired" else f"{row.n_a}, {row.n_b}"
            means = f"{_number(row.mean_a)}, {_number(row.mean_b)}"
            estimate = _number(row.estimate)
            if math.isfinite(row.low):
                estimate += f" [{_number(row.low)}, {_number(row.high)}]"
            elif row.note:
                estimate += f" ({row.note})"
            size = interval(row.effect_size, row.effect_low, row.effect_high)
            p_values = [p_text(row.p_value), p_text(row.p_adjusted)]
            body.append([row.contrast, row.measure, n, means, estimate, size, *p_values, row.left_out])
        yield "<details><summary>All figures of the contrasts</summary>\n"
        yield _table(heads, body, numbers={2, 3, 4, 5, 6, 7})
        yield "</details>\n"

    def _curves(self) -> Iterator[str]:
        figures = curve_figures(self.tables)
        if not figures:
            return
        asked = self.design.curves
        levels = list(dict.fromkeys(self.tables.curves["level"].tolist()))
        hidden = len(levels) - len(LEVEL_COLOURS)
        words = f"By {self.tables.collection.factor}, in steps of {asked.step_s:g} s. "
        words += "The windows of one participant are averaged first; bands come from drawing participants with replacement."
        words += " The baseline of each participant is subtracted." if asked.difference else ""
        words += f" {hidden} more are in the tables." if hidden > 0 else ""
        yield f'<h2>Curves</h2>\n<p class="small muted">{_text(words)}</p>\n<div class="pictures">\n'
        yield from (self._figure(figure) for figure in figures[:FIRST_CURVES])
        yield "</div>\n"
        if len(figures) > FIRST_CURVES:
            yield '<details><summary>The other emotions</summary><div class="pictures">\n'
            yield from (self._figure(figure) for figure in figures[FIRST_CURVES:])
            yield "</div></details>\n"

    def _quality(self) -> Iterator[str]:
        frame = self.tables.quality
        rule = f"A window counts if the face is readable for at least {self.design.quality.least_readable:.0%} of it."
        yield f'<h2>Data quality</h2>\n<p class="small muted">{_text(rule)}</p>\n'
        heads = ["participant", "group", "windows", "seen", "readable", "", "", "reasons"]
        body: list[str] = []
        for row in frame.to_dict("records"):
            cells = [
                f"<td>{_text(row['participant'])}</td><td>{_text(row['group'] or '')}</td>",
                f'<td class="number">{row["used"]} of {row["windows"]}</td><td class="number">{row["seconds_seen"]:.0f} s</td>',
                f'<td class="number">{row["seconds_readable"]:.0f} s</td><td>{_bar(float(row["readable_share"]))}</td>',
                f'<td class="status">{row["status"]}</td><td class="reason">{_text(row["reasons"])}</td>',
            ]
            body.append(f'<tr class="{row["status"]}">{"".join(cells)}</tr>')
        yield f'<div class="table"><table><thead>{_row("th", heads, {2, 3, 4})}</thead><tbody>\n'
        yield "\n".join(body)
        yield "</tbody></table></div>\n"
        yield self._save("quality", [list(frame.columns), *_records(frame)])

    def _agreement(self) -> Iterator[str]:
        frame = self.tables.agreement
        if not len(frame):
            return
        words = "Brackets hold 95 % intervals of a bootstrap of blocks of 10 s."
        yield f'<h2>Agreement with coders</h2>\n<p class="small muted">{words}</p>\n'
        heads = ["participant", "coders", "units", "same label", "Cohen's kappa", "Krippendorff's alpha"]
        body = [
            [
                row["participant"],
                f"{row['coder_a']} and {row['coder_b']}",
                f"{row['units']:,}",
                *(interval(row[name], row[f"{name}_low"], row[f"{name}_high"]) for name in ("percent", "kappa", "alpha")),
            ]
            for row in frame.to_dict("records")
        ]
        yield _table(heads, body, numbers={2, 3, 4, 5})
        yield self._save("agreement", [list(frame.columns), *_records(frame)])

    def _design(self) -> Iterator[str]:
        design, units = self.design, self.tables.table.units
        yield "<h2>Design</h2>\n"
        groups = Counter(viewing.group or "none" for viewing in {v.participant: v for v in design.viewings}.values())
        listed = ", ".join(f"{count} {name}" for name, count in groups.items())
        asked = design.statistics
        baseline = "the usual face of each participant: medians over the recording"
        if design.baseline.window is not None:
            baseline = f"the window {design.baseline.window}"
        facts = [
            ("participants", f"{len(design.participants)}" + ("" if set(groups) == {"none"} else f": {listed}")),
            ("recordings", f"{units['recording'].nunique()}"),
            ("baseline", baseline),
            ("correction", f"{CORRECTIONS[asked.correction]}; family: all tests of the {asked.family}"),
            ("seed", f"{self.tables.seed}"),
            ("study file", design.source),
            ("made by", f"feelit {__version__}"),
        ]
        yield "<dl>" + "".join(f"<dt>{_text(name)}</dt><dd>{_text(value)}</dd>" for name, value in facts) + "</dl>\n"
        heads = ["window", "condition", "participants", "measured", "median length"]
        body = []
        for (window, condition), part in units.fillna({"condition": ""}).groupby(["window", "condition"], sort=False):
            length = float(part["window_s"].median())
            measured = f"{int((part['missing'] == '').sum())} of {len(part)}"
            body.append([window, condition, f"{part['participant'].nunique()}", measured, f"{length:.1f} s"])
        yield _table(heads, body, numbers={2, 3, 4})
        yield self._save("windows", [heads, *body])

    def _figure(self, figure: Figure) -> str:
        caption = f"<figcaption>{_text(figure.caption)}</figcaption>"
        save = self._save(figure.name, figure.rows)
        return f'<figure><div class="scroll">{figure.picture}</div><div class="row">{caption}{save}</div></figure>\n'

    def _save(self, name: str, rows: Rows) -> str:
        """Data, and the element for the buttons that save them."""
        self._count += 1
        place = f"data-{self._count}"
        buttons = f'<span class="save" role="group" aria-label="save" data-name="{escape(name)}" data-rows="{place}"></span>'
        return page.data_block(place, rows) + buttons


def _table(heads: Sequence[str], body: Sequence[Sequence[object]], numbers: set[int]) -> str:
    lines = "".join(_row("td", row, numbers) for row in body)
    return f'<div class="table"><table><thead>{_row("th", heads, numbers)}</thead><tbody>{lines}</tbody></table></div>\n'


def _row(kind: str, cells: Sequence[object], numbers: set[int]) -> str:
    """A row of headings (th) or data (td)."""
    made = ""
    for n, cell in enumerate(cells):
        number = ' class="number"' if n in numbers else ""
        text = _text(cell)
        made += f'<th scope="col"{number}><span>{text}</span></th>' if kind == "th" else f"<td{number}>{text}</td>"
    return f"<tr>{made}</tr>"


def _bar(share: float) -> str:
    svg = Svg(80, 10, "" if math.isnan(share) else f"{share:.0%} readable")
    svg.rect(0, 0, 80, 10, LINE)
    if share > 0:
        svg.rect(0, 0, 80 * min(share, 1.0), 10, LEVEL_COLOURS[2])
    return str(svg).replace("<svg ", '<svg class="bar" ', 1)


def _records(frame: Any) -> Rows:
    return [[None if value != value else value for value in row] for row in frame.to_numpy(dtype=object).tolist()]


def _number(value: float) -> str:
    return f"{value:.3g}".replace("-", "\N{MINUS SIGN}") if math.isfinite(value) else "\N{EN DASH}"


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _text(value: object) -> str:
    return escape(one_line(str(value)))
