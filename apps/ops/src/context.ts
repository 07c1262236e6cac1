import type { Pool } from '@onsale/database';
import type { SocketBounds } from '@onsale/runtime';
import type { RoomConnection } from '@onsale/waiting-room';
import type { Auditor } from './auditor.ts';
import type { GaugeBoard } from './gauges/gauge-board.ts';
import type { OperatorGate } from './operator-gate.ts';
import type { RoomDesk } from './rooms/room-desk.ts';

/** What the routes work with; opened in wire.ts, handed to buildApp. */
export type OpsContext = {
  readonly pool: Pool;
  readonly connection: RoomConnection;
  readonly gate: OperatorGate;
  readonly desk: RoomDesk;
  readonly board: GaugeBoard;
  readonly auditor: Auditor;
  /** Where the console's built pages are. */
  readonly consoleFolder: string;
  readonly socketBounds: SocketBounds;
  readonly onError: (error: unknown) => void;
};
