import type { Language } from '@onsale/contract';
import { useEffect, useRef, useState } from 'preact/hooks';
import { formatMoney } from '../../../texts/formats.ts';
import type { Say } from '../../shared/page-data.ts';
import type { BookingDriver } from '../driver.ts';
import type { BookingState } from '../page-state/booking-state.ts';
import { seatName } from '../page-state/hall.ts';
import { MapSurface, type SurfaceInput } from './map-surface.ts';
import { codeWord } from './seat-words.ts';

export type MapProps = {
  readonly state: BookingState;
  readonly driver: BookingDriver;
  readonly say: Say;
  readonly language: Language;
  readonly grade: number | null;
};

/** Stays in the page while the list is shown, so that the fan comes back to the same part of the hall. */
export function MapView(props: MapProps & { readonly hidden: boolean }) {
  const { state, driver, say } = props;
  const canvas = useRef<HTMLCanvasElement>(null);
  const surface = useRef<MapSurface | null>(null);
  const [tip, setTip] = useState<{ readonly seat: number; readonly x: number; readonly y: number } | null>(null);
  const [section, setSection] = useState<number | null>(null);
  const input = surfaceInput(props);
  useEffect(() => {
    if (canvas.current === null || input === null) return;
    surface.current = new MapSurface(canvas.current, input, {
      onSeat: (seat) => driver.toggle(seat),
      onHover: (seat, x, y) => setTip(seat === null ? null : { seat, x, y }),
      onSection: setSection,
    });
    return () => surface.current?.close();
  }, [state.hall]);
  useEffect(() => {
    if (input !== null) surface.current?.update(input);
  });
  return (
    <div class="map-box" hidden={props.hidden}>
      <div class="map-tools">
        <button type="button" class="tool" aria-label={say('seats.zoom-in')} title={say('seats.zoom-in')} onClick={() => surface.current?.zoom(1)}>
          +
        </button>
        <button type="button" class="tool" aria-label={say('seats.zoom-out')} title={say('seats.zoom-out')} onClick={() => surface.current?.zoom(-1)}>
          −
        </button>
        <button
          type="button"
          class="tool tool-all"
          onClick={() => {
            surface.current?.showAll();
            setSection(null);
          }}
        >
          {say('seats.zoom-all')}
        </button>
      </div>
      <div class="map">
        <canvas ref={canvas} class="map-canvas" tabIndex={0} role="img" aria-label={say('seats.map-label')} />
        <SectionChip {...props} section={section} />
        <SeatTip {...props} tip={tip} />
      </div>
    </div>
  );
}

function surfaceInput({ state, say, grade, language }: MapProps): SurfaceInput | null {
  const { hall, seats, counts } = state;
  if (hall === null || seats === null || counts === null) return null;
  return { hall, codes: seats.codes, counts, chosen: new Set(state.chosen), grade, language, stageWord: say('seats.stage'), fullWord: say('seats.full') };
}

/** Which section is in view, in words. */
function SectionChip({ state, say, language, section }: MapProps & { readonly section: number | null }) {
  const found = section === null ? undefined : state.hall?.sections[section];
  if (found === undefined || section === null) return null;
  const free = state.counts?.bySection[section] ?? 0;
  return (
    <p class="map-chip">
      {found.section.name[language]} · {free === 0 ? say('seats.full') : say('seats.free-count', { count: free })}
    </p>
  );
}

function SeatTip({ state, say, language, tip }: MapProps & { readonly tip: { readonly seat: number; readonly x: number; readonly y: number } | null }) {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const element = box.current;
    if (element === null || tip === null) return;
    const width = element.parentElement?.clientWidth ?? 0;
    element.style.left = `${Math.min(Math.max(tip.x, 90), width - 90)}px`;
    element.style.top = `${tip.y}px`;
    element.classList.toggle('tip-below', tip.y < 90);
  });
  const { hall, seats } = state;
  const name = tip === null || hall === null ? null : seatName(hall, tip.seat, language);
  if (tip === null || hall === null || seats === null || name === null) return null;
  return (
    <div ref={box} class="tip" aria-hidden="true">
      <strong>
        {name.section} {say('seats.seat-short', { row: name.row, seat: name.label })}
      </strong>
      <span>
        {name.grade.name[language]} · {formatMoney(name.grade.price, hall.layout.currency, language)}
      </span>
      <span class="muted">{say(codeWord(state, tip.seat))}</span>
    </div>
  );
}
