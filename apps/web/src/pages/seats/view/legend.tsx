import { formatMoney } from '../../../texts/formats.ts';
import type { MapProps } from './map-view.tsx';

/** Grades with price and what is left; pressing one makes it stand out on the map and in the list. */
export function Legend({ state, say, language, grade, onGrade }: MapProps & { readonly onGrade: (grade: number | null) => void }) {
  const { hall, counts } = state;
  if (hall === null || counts === null) return null;
  return (
    <section class="legend" aria-label={say('seats.legend')}>
      <ul class="grades">
        {hall.layout.grades.map((entry, index) => {
          const free = counts.byGrade[index] ?? 0;
          return (
            <li key={entry.grade}>
              <button
                type="button"
                class="grade"
                aria-pressed={grade === index}
                title={say('seats.show-only', { grade: entry.name[language] })}
                onClick={() => onGrade(grade === index ? null : index)}
              >
                <svg class="swatch" viewBox="0 0 12 12" aria-hidden="true">
                  <circle cx="6" cy="6" r="6" fill={entry.color} />
                </svg>
                <span class="grade-name">{entry.name[language]}</span>
                <span class="grade-price">{formatMoney(entry.price, hall.layout.currency, language)}</span>
                <span class="muted small">{free === 0 ? say('seats.full') : say('seats.free-count', { count: free.toLocaleString(language) })}</span>
              </button>
            </li>
          );
        })}
      </ul>
      <ul class="signs small muted">
        <li>
          <svg viewBox="0 0 16 16" aria-hidden="true">
            <circle cx="8" cy="8" r="6" class="sign-free" />
          </svg>
          {say('seats.sign-free')}
        </li>
        <li>
          <svg viewBox="0 0 16 16" aria-hidden="true">
            <circle cx="8" cy="8" r="5" class="sign-held" />
          </svg>
          {say('seats.sign-held')}
        </li>
        <li>
          <svg viewBox="0 0 16 16" aria-hidden="true">
            <path d="M5 8h6" class="sign-sold" />
          </svg>
          {say('seats.sign-sold')}
        </li>
        <li>
          <svg viewBox="0 0 16 16" aria-hidden="true">
            <rect x="2" y="2" width="12" height="12" rx="2" class="sign-chosen" />
            <path d="m5 8 2 2.5 4-5" class="sign-tick" />
          </svg>
          {say('seats.sign-chosen')}
        </li>
      </ul>
    </section>
  );
}
