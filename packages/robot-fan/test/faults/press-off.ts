import { withoutGuards } from '@onsale/waiting-room';

/** Negative control, loaded into apps with --import: a sign of life, and not only a press, brings a missed place back into line. */
withoutGuards(['sweep.press']);
