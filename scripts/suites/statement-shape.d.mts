export function shapeOf(sql: string): string;
