import type { Say } from '../shared/page-data.ts';

/**
 * Everything that draws a fan back to the page when it is their turn: sound, vibration, the tab's title, and a notice
 * where the fan has asked for one. Browsers allow sound only after a press, so the first press anywhere prepares it.
 */
class Ring {
  #audio: AudioContext | null = null;
  #allowed = false;

  prepareOnFirstPress(): () => void {
    const prepare = (): void => this.#unlock();
    addEventListener('pointerdown', prepare, { once: true });
    addEventListener('keydown', prepare, { once: true });
    return () => {
      removeEventListener('pointerdown', prepare);
      removeEventListener('keydown', prepare);
    };
  }

  /** What will call the fan: null before they have asked for it. */
  ready(): 'notice' | 'sound' | null {
    if (!this.#allowed) return null;
    return 'Notification' in window && Notification.permission === 'granted' ? 'notice' : 'sound';
  }

  async allow(): Promise<'notice' | 'sound' | null> {
    this.#unlock();
    this.#allowed = true;
    this.#tone(660, 0, 0.12);
    if ('Notification' in window && Notification.permission === 'default') await Notification.requestPermission();
    return this.ready();
  }

  strike(title: string, body: string): void {
    [660, 880, 1_320].forEach((pitch, index) => this.#tone(pitch, index * 0.18, 0.3));
    if (navigator.userActivation?.hasBeenActive) navigator.vibrate?.([300, 120, 300, 120, 600]);
    if (!this.#allowed || !document.hidden || !('Notification' in window) || Notification.permission !== 'granted') return;
    try {
      const notice = new Notification(title, { body, tag: 'onsale-turn', requireInteraction: true });
      notice.onclick = () => {
        window.focus();
        notice.close();
      };
    } catch {
      // Some phones show notices from service workers only; sound and title remain.
    }
  }

  #unlock(): void {
    try {
      this.#audio ??= new AudioContext();
      void this.#audio.resume();
    } catch {
      this.#audio = null;
    }
  }

  #tone(pitch: number, after: number, seconds: number): void {
    const audio = this.#audio;
    if (audio === null || audio.state !== 'running') return;
    const oscillator = audio.createOscillator();
    const volume = audio.createGain();
    const start = audio.currentTime + after;
    oscillator.frequency.value = pitch;
    volume.gain.setValueAtTime(0.0001, start);
    volume.gain.exponentialRampToValueAtTime(0.2, start + 0.02);
    volume.gain.exponentialRampToValueAtTime(0.0001, start + seconds);
    oscillator.connect(volume).connect(audio.destination);
    oscillator.start(start);
    oscillator.stop(start + seconds);
  }
}

export const ring = new Ring();
const AGAIN_MS = 12_000;
const FLASH_MS = 900;

/** Calls until the result is called. */
export function callFan(say: Say, name: string, remainingMs: number): () => void {
  const title = document.title;
  const body = say('queue.notify-body', { seconds: Math.ceil(remainingMs / 1_000) });
  let on = false;
  ring.strike(`${say('queue.called')} · ${name}`, body);
  const again = setInterval(() => ring.strike(say('queue.called'), body), AGAIN_MS);
  const flash = setInterval(() => {
    on = !on;
    document.title = on ? say('queue.flash') : title;
  }, FLASH_MS);
  return () => {
    clearInterval(again);
    clearInterval(flash);
    document.title = title;
  };
}
