import type { Language } from '@onsale/contract';
import { useState } from 'preact/hooks';
import type { Say } from '../../shared/page-data.ts';
import type { ConsoleState, OpsConsole } from '../console.ts';
import { AuditLog } from './audit-log.tsx';
import { Charts, Dashboard } from './dashboard.tsx';
import { Invariants } from './invariants.tsx';
import { Control } from './control.tsx';
import { ShowLimits } from './show-limits.tsx';

export type ConsoleProps = {
  readonly operations: OpsConsole;
  readonly state: ConsoleState;
  readonly say: Say;
  readonly language: Language;
  readonly problemText: (code: string) => string;
};

export function ConsolePage(props: ConsoleProps & { readonly onLanguage: () => void }) {
  const { state, say, operations, onLanguage } = props;
  return (
    <>
      <header class="top">
        <span class="brand">
          Onsale <small>{say('ops.title')}</small>
        </span>
        <nav class="top-links">
          {state.name === null ? null : <span class="muted signed-in">{say('ops.signed-in-as', { name: state.name })}</span>}
          {state.name === null ? null : (
            <button type="button" class="button button-quiet" onClick={() => void operations.signOut()}>
              {say('ops.sign-out')}
            </button>
          )}
          <button type="button" class="button lang" onClick={onLanguage}>
            {say('ops.other-language')}
          </button>
        </nav>
      </header>
      <main id="main">{state.name === null ? <SignIn {...props} /> : <Room {...props} />}</main>
    </>
  );
}

function SignIn({ state, say, operations, problemText }: ConsoleProps) {
  const [name, setName] = useState('operator');
  const [password, setPassword] = useState('');
  const submit = (event: Event): void => {
    event.preventDefault();
    void operations.signIn(name.trim(), password);
  };
  return (
    <form class="card sign-in" onSubmit={submit}>
      <h1>{say('ops.sign-in')}</h1>
      <p class="muted">{say('ops.sign-in-lead')}</p>
      {state.problem === null ? null : (
        <p class="note note-bad" role="alert">
          {state.problem === 'not-signed-in' ? say('ops.session-over') : problemText(state.problem)}
        </p>
      )}
      <label class="field">
        <span>{say('ops.name')}</span>
        <input class="input" name="name" autocomplete="username" required value={name} onInput={(event) => setName(event.currentTarget.value)} />
      </label>
      <label class="field">
        <span>{say('ops.password')}</span>
        <input
          class="input"
          name="password"
          type="password"
          autocomplete="current-password"
          required
          value={password}
          onInput={(event) => setPassword(event.currentTarget.value)}
        />
      </label>
      <button class="button button-primary button-large button-block" disabled={state.signingIn}>
        {say(state.signingIn ? 'ops.signing-in' : 'ops.sign-in')}
      </button>
    </form>
  );
}

function Room(props: ConsoleProps) {
  const { state, say, operations, language, problemText } = props;
  if (state.rooms === null && state.roomsProblem !== null)
    return (
      <p class="note note-bad" role="alert">
        {state.roomsProblem === 'forbidden' ? say('ops.not-for-role') : problemText(state.roomsProblem)}
      </p>
    );
  if (state.rooms === null)
    return (
      <p class="loading" role="status">
        {say('ops.loading')}
      </p>
    );
  if (state.rooms.length === 0) return <p class="card">{say('ops.no-rooms')}</p>;
  return (
    <div class="ops">
      <div class="ops-rooms" role="group" aria-label={say('ops.rooms')}>
        {state.rooms.map((room) => (
          <button type="button" key={room.room} class="room-tab" aria-pressed={room.room === state.room?.room} onClick={() => operations.openRoom(room.room)}>
            <span class={`phase phase-${room.phase}`}>{say(`phase.${room.phase}`)}</span> {room.name[language]} <small class="muted">{room.room}</small>
          </button>
        ))}
      </div>
      {state.room === null ? null : (
        <div class="ops-room">
          <div class="ops-figures">
            <Dashboard {...props} />
          </div>
          <div class="ops-charts">
            <Charts {...props} />
          </div>
          <aside class="ops-side">
            <Control key={state.room.room} {...props} room={state.room} />
            <ShowLimits key={`shows-${state.room.room}`} {...props} />
            <Invariants {...props} />
            <AuditLog {...props} />
          </aside>
        </div>
      )}
    </div>
  );
}
