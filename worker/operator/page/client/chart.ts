import uPlot from "uplot";
import { create } from "./dom.ts";
import { localTime, preciseTime } from "./times.ts";

type Column = (number | null)[];

/** One line or area of a chart. */
export interface ChartSeries {
  readonly name: string;
  /** Name of the colour in the style sheet: `--curve-NAME`, and the class of its swatch. */
  readonly color: string;
  readonly text: (value: number) => string;
  readonly dash?: number[];
  /** Filled down to zero. */
  readonly isArea?: boolean;
  /** Values are averages over the time until the next point. */
  readonly isAverage?: boolean;
  /** In the legend only if it is ever more than 0. */
  readonly isRare?: boolean;
  /** Scale on the right. */
  readonly isRight?: boolean;
  /** Drawn as the edge of a band, without a line and without an entry in the legend. */
  readonly isEdge?: boolean;
}

/** What a chart shows: one column for each series. Drawn in this order, so later ones cover earlier ones. */
export interface ChartColumns {
  readonly times: readonly number[];
  readonly drawn: readonly Column[];
  /** What the legend says, if it differs from what is drawn (stacked areas). */
  readonly read?: readonly Column[];
}

export interface ChartOptions {
  readonly title: string;
  readonly height: number;
  readonly series: readonly ChartSeries[];
  readonly axisText: (value: number) => string;
  readonly rightAxisText?: (value: number) => string;
  /** Distances between the lines of the scale; undefined: decimal ones. */
  readonly steps?: number[];
  /** Upper end of the scale; undefined: as the values need. */
  readonly max?: number;
  /** Said in place of curves while no series has a value. */
  readonly emptyText?: string;
  /** Two edges between which a band is filled. */
  readonly band?: readonly [upper: number, lower: number];
}

/** An event in time, such as a restart. */
export interface Mark {
  readonly timeMs: number;
  readonly label: string;
  readonly isWarning: boolean;
}

const SYNCHRONIZED = uPlot.sync("service");
const MIN_WIDTH = 240;
const AXIS_WIDTH = 62;
const RIGHT_AXIS_WIDTH = 52;
const MIN_RIGHT_MAX = 10;

/** A chart with its legend, its marks, and reading by the arrow keys. */
export class Chart {
  readonly root: HTMLElement;
  readonly #plot: uPlot;
  readonly #options: ChartOptions;
  readonly #values: HTMLElement[] = [];
  readonly #legend: (HTMLElement | undefined)[] = [];
  readonly #spoken: HTMLElement;
  readonly #waiting: HTMLElement;
  readonly #marks: { readonly mark: Mark; readonly element: HTMLElement }[] = [];
  #columns: ChartColumns = { times: [], drawn: [] };
  #range: [number, number] = [0, 1];
  #marksKey = "";

  constructor(options: ChartOptions) {
    this.#options = options;
    const legend = create("ul", { className: "legend" });
    for (const { name, color, isEdge } of options.series) {
      const value = create("b");
      this.#values.push(value);
      const item = isEdge
        ? undefined
        : create("li", {}, create("i", { className: `swatch ${color}` }), `${name} `, value);
      this.#legend.push(item);
      if (item !== undefined) legend.append(item);
    }
    this.#spoken = create("span", { className: "hidden" });
    this.#spoken.setAttribute("role", "status");
    this.#waiting = create("p", { className: "waiting" });
    const area = create("div", { className: "plot", tabIndex: 0 }, this.#waiting);
    area.setAttribute("role", "group");
    area.setAttribute("aria-label", `${options.title}: the arrow keys read the values`);
    area.addEventListener("keydown", (event) => this.#keyPressed(event));
    area.addEventListener("blur", () => this.#plot.setCursor({ left: -10, top: -10 }));
    this.root = create(
      "figure",
      {},
      create("figcaption", {}, create("h2", { textContent: options.title }), legend),
      area,
      this.#spoken,
    );
    this.#plot = new uPlot(this.#plotOptions(), [[], ...options.series.map(() => [])] as uPlot.AlignedData, area);
    new ResizeObserver(([entry]) => this.#resize(entry!.contentRect.width)).observe(area);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.#plot.redraw());
  }

  /**
   * @param range the window, in seconds since 1970
   * @param waitingText said while there are fewer than two points
   */
  show(columns: ChartColumns, range: [number, number], waitingText: string, marks: readonly Mark[] = []): void {
    this.#columns = columns;
    this.#range = range;
    this.#plot.setData([columns.times, ...columns.drawn] as uPlot.AlignedData, true);
    const isEmpty = columns.drawn.every((column) => column.every((value) => value === null));
    this.#waiting.textContent = columns.times.length < 2 ? waitingText : (isEmpty && this.#options.emptyText) || "";
    this.#waiting.hidden = this.#waiting.textContent === "";
    for (const [at, item] of this.#legend.entries()) {
      if (item !== undefined) item.hidden = this.#options.series[at]!.isRare === true && !isEver(this.#read[at]);
    }
    this.#showMarks(marks);
    this.#readOut();
    this.root.dataset.points = String(columns.times.length);
    this.root.dataset.newestMs = String(Math.round(1_000 * (columns.times.at(-1) ?? 0)));
  }

  get #read(): readonly Column[] {
    return this.#columns.read ?? this.#columns.drawn;
  }

  #plotOptions(): uPlot.Options {
    const { series, axisText, rightAxisText, band, max, height, steps } = this.#options;
    const axis = { stroke: () => color("ink-quiet"), font: axisFont(), ticks: { show: false } };
    const grid = { stroke: () => color("line"), width: 1 };
    return {
      width: MIN_WIDTH,
      height,
      cursor: { sync: { key: SYNCHRONIZED.key }, drag: { x: false, y: false }, points: { size: 6 } },
      legend: { show: false },
      padding: [8, rightAxisText === undefined ? 26 : 0, 0, 0],
      scales: {
        x: { time: true, range: () => this.#range },
        y: { range: (_, __, dataMax) => [0, max ?? niceMax(dataMax)] },
        // A scale of fractions of its unit would repeat its labels.
        right: { range: (_, __, dataMax) => [0, Math.max(MIN_RIGHT_MAX, niceMax(dataMax))] },
      },
      axes: [
        {
          ...axis,
          grid: { show: false },
          size: 26,
          space: 78,
          values: (_, splits) => splits.map((s) => timeText(s, splits)),
        },
        {
          ...axis,
          grid,
          size: AXIS_WIDTH,
          space: 34,
          values: (_, splits) => splits.map(axisText),
          ...(steps && { incrs: steps }),
        },
        ...(rightAxisText === undefined
          ? []
          : [
              {
                ...axis,
                ...{ scale: "right", side: 1, size: RIGHT_AXIS_WIDTH, space: 34, grid: { show: false } },
                values: (_: uPlot, splits: number[]) => splits.map(rightAxisText),
              },
            ]),
      ],
      series: [{}, ...series.map(seriesOptions)],
      ...(band === undefined
        ? {}
        : { bands: [{ series: [band[0] + 1, band[1] + 1], fill: () => color("curve-band") } as uPlot.Band] }),
      hooks: {
        setCursor: [() => this.#readOut()],
        draw: [() => this.#placeMarks()],
      },
    };
  }

  #resize(width: number): void {
    this.#plot.setSize({ width: Math.max(MIN_WIDTH, Math.floor(width)), height: this.#options.height });
  }

  /** Shows the values at the cursor, or the newest. */
  #readOut(): void {
    const { times } = this.#columns;
    const index = this.#plot.cursor.idx ?? times.length - 1;
    for (const [at, { text }] of this.#options.series.entries()) {
      const value = this.#read[at]?.[index];
      this.#values[at]!.textContent = value === null || value === undefined ? "–" : text(value);
    }
  }

  #keyPressed(event: KeyboardEvent): void {
    if (event.target !== event.currentTarget) return;
    const { times } = this.#columns;
    if (times.length === 0) return;
    const step = { ArrowLeft: -1, ArrowRight: 1, Home: -times.length, End: times.length }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    const at = this.#plot.cursor.idx ?? times.length;
    const index = Math.min(times.length - 1, Math.max(0, at + step));
    this.#plot.setCursor({ left: this.#plot.valToPos(times[index]!, "x"), top: 1 });
    const values = this.#options.series.flatMap(({ name, text, isEdge }, series) => {
      const value = this.#read[series]?.[index];
      return isEdge || value === null || value === undefined ? [] : [`${name} ${text(value)}`];
    });
    this.#spoken.textContent = `${localTime(new Date(times[index]! * 1_000))}: ${values.join(", ")}`;
  }

  /** Buttons, so that the keyboard reaches them too. They stay the same elements while the marks are the same. */
  #showMarks(marks: readonly Mark[]): void {
    const key = JSON.stringify(marks);
    if (key !== this.#marksKey) {
      this.#marksKey = key;
      for (const { element } of this.#marks.splice(0)) element.remove();
      for (const mark of marks) {
        const tip = create("span", { className: "tip", textContent: mark.label });
        const element = create("button", { type: "button", className: mark.isWarning ? "mark warning" : "mark" }, tip);
        this.#marks.push({ mark, element });
        this.#plot.over.append(element);
      }
    }
    this.#placeMarks();
  }

  #placeMarks(): void {
    const width = this.#plot.over.clientWidth;
    for (const { mark, element } of this.#marks) {
      const left = this.#plot.valToPos(mark.timeMs / 1_000, "x");
      element.hidden = !(left >= 0 && left <= width);
      element.style.left = `${Math.round(left)}px`;
      element.classList.toggle("at-right", left > width / 2);
    }
  }
}

function seriesOptions({ color: name, dash, isArea, isAverage, isRight, isEdge }: ChartSeries): uPlot.Series {
  const stepped = isAverage ? uPlot.paths.stepped?.({ align: 1 }) : undefined;
  return {
    scale: isRight ? "right" : "y",
    stroke: () => (isEdge ? "transparent" : color(`curve-${name}`)),
    width: isEdge ? 0 : 1.5,
    points: { show: false },
    ...(isArea ? { fill: () => color(`fill-${name}`) } : {}),
    ...(dash === undefined ? {} : { dash }),
    ...(stepped === undefined ? {} : { paths: stepped }),
  };
}

function isEver(column: Column | undefined): boolean {
  return column?.some((value) => value !== null && value > 0) ?? false;
}

/** With seconds where minutes would repeat. */
function timeText(seconds: number, all: readonly number[]): string {
  const isClose = all.length > 1 && all[1]! - all[0]! < 60;
  const date = new Date(seconds * 1_000);
  return isClose ? preciseTime(date) : localTime(date);
}

function niceMax(dataMax: number | null): number {
  return dataMax === null || !(dataMax > 0) ? 1 : dataMax * 1.15;
}

/** A colour of the style sheet, in the scheme that is shown now. */
function color(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

function axisFont(): string {
  return `11px ${getComputedStyle(document.body).fontFamily}`;
}
