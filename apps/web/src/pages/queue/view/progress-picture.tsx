/** A line of people on the way to a door; the fan walks along it as those ahead enter. */
const PEOPLE = 14;
const FROM_X = 14;
const TO_X = 262;

export function ProgressPicture({
  progress,
  label,
  door,
  you,
}: {
  readonly progress: number;
  readonly label: string;
  readonly door: string;
  readonly you: string;
}) {
  const at = FROM_X + (TO_X - FROM_X) * progress;
  const people = Array.from({ length: PEOPLE }, (_, index) => FROM_X + ((TO_X - FROM_X) * (index + 0.5)) / PEOPLE);
  return (
    <div class="picture" role="progressbar" aria-label={label} aria-valuemin={0} aria-valuemax={100} aria-valuenow={Math.round(progress * 100)}>
      <svg viewBox="0 0 300 56" aria-hidden="true">
        <line x1={FROM_X} y1="38" x2={TO_X} y2="38" class="picture-path" />
        <line x1={FROM_X} y1="38" x2={at} y2="38" class="picture-done" />
        {people.map((x) => (
          <circle key={x} cx={x} cy="38" r={x > at + 8 ? 3.4 : 2} class={x > at + 8 ? 'picture-person' : 'picture-past'} />
        ))}
        <path d="M270 46V16a5 5 0 0 1 5-5h12a5 5 0 0 1 5 5v30z" class="picture-door" />
        <circle cx="286" cy="30" r="1.8" class="picture-knob" />
        <g class="picture-you" transform={`translate(${at} 38)`}>
          <circle r="7.5" />
          <text y="-13" text-anchor="middle">
            {you}
          </text>
        </g>
      </svg>
      <span class="unseen">{door}</span>
    </div>
  );
}
