import { isReached, ratioOf, type Measure } from './measure.ts';

const HEAD = ['figure', 'value', 'unit', 'floor', 'floor value', 'ratio', 'target'];
/** Columns of numbers. */
const TO_THE_RIGHT = new Set([1, 4, 5]);

/** The measures as lines of text, columns aligned. */
export function table(measures: readonly Measure[]): string {
  const rows = [HEAD, ...measures.map(cells)];
  const widths = HEAD.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]): string => row
    .map((cell, column) => TO_THE_RIGHT.has(column) ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0))
    .join('  ')
    .trimEnd();
  return [line(HEAD), widths.map((width) => '-'.repeat(width)).join('  '), ...rows.slice(1).map(line), ''].join('\n');
}

function cells(measure: Measure): string[] {
  const { name, figure, unit, floor } = measure;
  const ratio = ratioOf(measure);
  return [name, amount(figure), unit, floor?.name ?? '', floor === null ? '' : amount(floor.figure), ratio === null ? '' : ratio.toFixed(2), targetText(measure)];
}

function targetText(measure: Measure): string {
  if (measure.target === null) return '';
  const { of, is, value } = measure.target;
  const wanted = `${of === 'ratio' ? 'ratio ' : ''}${is === 'at least' ? '>=' : '<'} ${amount(value)}`;
  const reached = isReached(measure);
  return reached === null ? wanted : `${wanted} ${reached ? '✓' : '✗'}`;
}

/** Three digits or more, thousands set apart. */
function amount(value: number): string {
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  return value.toLocaleString('en-US', { minimumFractionDigits: 0, maximumFractionDigits: digits });
}
