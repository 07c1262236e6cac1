import { useEffect, useRef, useState } from 'preact/hooks';
import { formatMoney } from '../../../texts/formats.ts';
import { Heading, reclaimFocus } from '../../shared/heading.tsx';
import { canChoose } from '../page-state/booking-state.ts';
import type { HallSection } from '../page-state/hall.ts';
import { FREE } from '../page-state/seat-codes.ts';
import type { MapProps } from './map-view.tsx';
import { codeWord } from './seat-words.ts';

/** The hall as words: sections, then rows, then seats. All that the map can do, by keyboard and for a screen reader. */
export function ListView(props: MapProps) {
  const [open, setOpen] = useState<number | null>(null);
  const [left, setLeft] = useState<number | null>(null);
  const { state, say } = props;
  const section = open === null ? undefined : state.hall?.sections[open];
  if (section === undefined || open === null) return <SectionList {...props} left={left} onOpen={setOpen} />;
  return (
    <div class="list">
      <button
        type="button"
        class="button button-quiet"
        onClick={() => {
          setLeft(open);
          setOpen(null);
        }}
      >
        ← {say('seats.back-to-sections')}
      </button>
      <SectionSeats {...props} section={section} free={state.counts?.bySection[open] ?? 0} />
    </div>
  );
}

type SectionListProps = MapProps & {
  /** The section that the fan comes back from. */
  readonly left: number | null;
  readonly onOpen: (section: number) => void;
};

function SectionList({ state, say, language, grade, left, onOpen }: SectionListProps) {
  const { hall, counts } = state;
  const list = useRef<HTMLUListElement>(null);
  useEffect(() => {
    if (left !== null) reclaimFocus(list.current?.querySelector(`[data-section="${left}"]`) ?? null);
  }, []);
  if (hall === null || counts === null) return null;
  const wanted = grade === null ? null : hall.layout.grades[grade]?.grade;
  return (
    <ul ref={list} class="list section-list" aria-label={say('seats.sections')}>
      {hall.sections.map(({ section, seats }, index) => {
        const grades = [...new Set(section.rows.map((row) => row.grade))];
        if (wanted != null && !grades.includes(wanted)) return null;
        const free = counts.bySection[index] ?? 0;
        return (
          <li key={section.section}>
            <button type="button" class="section-button" data-section={index} disabled={free === 0} onClick={() => onOpen(index)}>
              <strong>{section.name[language]}</strong>
              <span class="muted">{grades.map((name) => hall.layout.grades.find(({ grade }) => grade === name)?.name[language] ?? name).join(', ')}</span>
              <span class="section-free">{free === 0 ? say('seats.full') : say('seats.free-of', { free, seats })}</span>
            </button>
          </li>
        );
      })}
    </ul>
  );
}

/** Rows of toggle buttons; one stop for Tab in each row, arrows move within and between rows. */
function SectionSeats({ state, say, language, driver, section, free, grade }: MapProps & { readonly section: HallSection; readonly free: number }) {
  const hall = state.hall;
  if (hall === null || state.seats === null) return null;
  const { codes } = state.seats;
  return (
    <section aria-labelledby="section-name">
      <Heading level={2} id="section-name">
        {section.section.name[language]} <small class="muted">{say('seats.free-count', { count: free })}</small>
      </Heading>
      <div class="rows fresh" onKeyDown={moveFocus}>
        {section.section.rows.map((row) => {
          const kind = hall.layout.grades.find((entry) => entry.grade === row.grade);
          const dim = grade !== null && hall.layout.grades[grade]?.grade !== row.grade;
          const firstFree =
            Array.from({ length: row.count }, (_, k) => row.first + k).find((seat) => codes[seat] === FREE || state.chosen.includes(seat)) ?? row.first;
          return (
            <div class={`seat-row${dim ? ' seat-row-dim' : ''}`} role="group" aria-label={say('seats.row', { row: row.row })} key={row.first}>
              <span class="row-name">
                {say('seats.row', { row: row.row })}
                <small class="muted">
                  {' '}
                  {kind?.name[language]} {formatMoney(kind?.price ?? 0, hall.layout.currency, language)}
                </small>
              </span>
              <div class="row-seats">
                {Array.from({ length: row.count }, (_, k) => row.first + k).map((seat) => {
                  const label = String(row.label0 + seat - row.first);
                  const chosen = state.chosen.includes(seat);
                  const can = chosen || canChoose(state, seat);
                  const name = say('seats.seat-name', { section: section.section.name[language], row: row.row, seat: label });
                  return (
                    <button
                      type="button"
                      key={seat}
                      class={`seat seat-${chosen ? 'chosen' : codes[seat]}`}
                      tabIndex={seat === firstFree ? 0 : -1}
                      aria-pressed={chosen}
                      aria-disabled={!can}
                      aria-label={`${name}, ${kind?.name[language] ?? ''}, ${say(codeWord(state, seat))}`}
                      onClick={() => can && driver.toggle(seat)}
                    >
                      {chosen ? '✓' : codes[seat] === FREE ? label : codes[seat] === 2 ? '–' : '○'}
                    </button>
                  );
                })}
              </div>
            </div>
          );
        })}
      </div>
    </section>
  );
}

function moveFocus(event: KeyboardEvent): void {
  const seat = event.target as HTMLElement;
  const row = seat.closest('.row-seats');
  if (row === null || !event.key.startsWith('Arrow')) return;
  const seats = [...row.children] as HTMLElement[];
  const at = seats.indexOf(seat);
  const rows = [...(seat.closest('.rows')?.querySelectorAll('.row-seats') ?? [])];
  const vertical = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
  const next =
    vertical === 0 ? seats[at + (event.key === 'ArrowRight' ? 1 : -1)] : (rows[rows.indexOf(row) + vertical]?.children[at] as HTMLElement | undefined);
  if (next === undefined) return;
  event.preventDefault();
  next.focus();
}
