import { unreachable } from '@onsale/kernel';
import { BatchRows, type BatchWrites, type LockedRows } from './batch-rows.ts';
import { decideHold, decideSwap } from './decide-start.ts';
import { decideBlock, decideExpire, decideRelease, decideReturn } from './decide-end.ts';
import { decideAwaitDeposit, decideConfirming, decideLengthen, decideOrder, decideResume, decideRetake, decideSettle } from './decide-payment.ts';
import type { DecidableCommand, Decision, Scene } from './scene.ts';

/**
 * Decides a batch of commands of one show in order of arrival, in memory, from rows that are all locked. Pure: the same rows and commands
 * give the same writes. Each command sees what the ones before it did.
 */
export function decideBatch(
  terms: Scene['terms'], commands: readonly DecidableCommand[], locked: LockedRows,
): { readonly decisions: readonly Decision[]; readonly writes: BatchWrites } {
  const scene: Scene = { terms, rows: new BatchRows(terms.show, locked) };
  const decisions = commands.map((command) => decide(scene, command));
  return { decisions, writes: scene.rows.writes() };
}

function decide(scene: Scene, command: DecidableCommand): Decision {
  switch (command.kind) {
    case 'hold':
      return decideHold(scene, command);
    case 'swap':
      return decideSwap(scene, command);
    case 'order':
      return decideOrder(scene, command);
    case 'lengthen':
      return decideLengthen(scene, command);
    case 'confirming':
      return decideConfirming(scene, command);
    case 'resume':
      return decideResume(scene, command);
    case 'await-deposit':
      return decideAwaitDeposit(scene, command);
    case 'settle':
      return decideSettle(scene, command);
    case 'retake':
      return decideRetake(scene, command);
    case 'release':
      return decideRelease(scene, command);
    case 'expire':
      return decideExpire(scene, command);
    case 'return':
      return decideReturn(scene, command);
    case 'block':
    case 'unblock':
      return decideBlock(scene, command);
    default:
      return unreachable(command);
  }
}
