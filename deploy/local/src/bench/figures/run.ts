/** How much is measured, and where its progress is told. */
export interface Run {
  readonly seconds: number;
  readonly rounds: number;
  readonly changes: number;
  /** Changes to park. */
  readonly parked: number;
  readonly profiles: string | null;
  readonly progress: (line: string) => void;
}
