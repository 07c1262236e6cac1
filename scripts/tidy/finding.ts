export type Finding = { readonly path: string; readonly line: number; readonly rule: Rule; readonly message: string };

export type Rule =
  | 'top-level'
  | 'readme'
  | 'machine-path'
  | 'registry'
  | 'import'
  | 'undeclared'
  | 'past-exports'
  | 'cycle'
  | 'environment'
  | 'drizzle'
  | 'purity'
  | 'file-length'
  | 'line-length'
  | 'function-length'
  | 'name'
  | 'sql'
  | 'lua';
