export {
  BOUNDS, changeSettings, checkSettings, DEFAULT_SETTINGS, differenceOf, NAME_CHARS_MAX,
  type BadSetting, type PatchRefusal, type RoomPatch, type RoomPhase, type RoomSettings,
} from './rules/room-settings.ts';
export { createPasswordHasher, PASSWORD_CHARS, type PasswordHasher } from './password.ts';
export { createSignInThrottle, type SignInThrottle, type Tried } from './sign-in-throttle.ts';
export { AUDIT_PAGE_MAX, listActs, recordAct, type Act, type AuditRecord } from './store/audit.ts';
export { listLooks, recordLooks, type RoomLook } from './store/audit-looks.ts';
export { pruneEntryKeys, publishEntryKeys, readEntryKeys, type PublicEntryKey } from './store/entry-keys.ts';
export {
  FINDINGS_AT_ONCE_MAX, FINDINGS_PAGE_MAX, forgetFindings, listFindings, pruneFindings, recordFindings, type Finding, type SeenFinding,
} from './store/findings.ts';
export { keepIncarnation, reserveIncarnation, type Reservation } from './store/incarnations.ts';
export { createOperator, disableOperator, setPassword, type NewOperator, type Operator, type OperatorRole, type OperatorStore } from './store/operators.ts';
export {
  OPERATOR_SESSION_MS, pruneOperatorSessions, readOperatorSession, signIn, signOut, type SignedIn, type SignIn, type SignInRefusal,
} from './store/operator-sessions.ts';
export {
  listRoomReports, listStandingReports, markRoomLeft, readRoomReport, withdrawRoomReport, writeRoomReport,
  type RoomFigures, type RoomReport, type StandingReport,
} from './store/room-reports.ts';
export {
  changeRoom, createRoom, listLivingRooms, listRoomNames, listRooms, raiseEpoch, readRoom, restartRoom, type RoomChange, type UnknownRoom, type VersionConflict,
} from './store/rooms.ts';
