/**
 * The static layout of a show, in the shape in which it travels (contract `LayoutReply`): sections of rows, seat numbers dense from 0.
 * A row is a run of neighbouring seats of one grade; an aisle starts a new row entry with the same name.
 */
export type Bilingual = { readonly ko: string; readonly en: string };
export type LayoutGrade = { readonly grade: string; readonly name: Bilingual; readonly price: number; readonly fee: number; readonly color: string };
export type LayoutRow = {
  readonly row: string;
  readonly first: number;
  readonly count: number;
  readonly label0: number;
  readonly x: number;
  readonly y: number;
  readonly dx: number;
  readonly dy: number;
  readonly grade: string;
};
export type LayoutSection = {
  readonly section: string;
  readonly name: Bilingual;
  readonly outline: readonly (readonly [number, number])[];
  readonly rows: readonly LayoutRow[];
};
export type LayoutDoc = {
  readonly width: number;
  readonly height: number;
  readonly stage: readonly (readonly [number, number])[];
  /** Where the best seats look: best available picks nearest to it. */
  readonly focus: readonly [number, number];
  readonly seats: number;
  readonly grades: readonly LayoutGrade[];
  readonly sections: readonly LayoutSection[];
};
