/** The import directions of the architecture, as a table and a function over sources: the test's own rule, with no file access. */

export interface Source {
  /** Relative to the repository, with forward slashes. */
  path: string;
  text: string;
}

interface Area {
  name: string;
  /** The area of a file is the first whose pattern matches. */
  files: RegExp;
  /** Areas that it may import, besides itself. */
  areas: readonly string[];
  /** Packages and Node modules that it may import. */
  packages: RegExp;
  /** Runs anywhere: no Node, editor or page globals either. */
  anywhere?: true;
}

const NONE = /^$/;
const NODE = /^node:/;
const CORE = ['vocabulary', 'plan', 'tape', 'techniques', 'planner'];

const AREAS: readonly Area[] = [
  // What everybody speaks of: the planner's answers and the messages between processes, as types and lists of names.
  { name: 'vocabulary', files: /^src\/(?:planner\/types|protocol)\.ts$/, areas: ['plan'], packages: NONE, anywhere: true },
  { name: 'plan', files: /^src\/plan\//, areas: [], packages: NONE, anywhere: true },
  { name: 'tape', files: /^src\/tape\//, areas: ['vocabulary', 'plan'], packages: NONE, anywhere: true },
  {
    name: 'technique-runs',
    files: /^src\/techniques\/[^/]+\/(?:run|check|reference|trajector[a-z-]+|kernels\/[^/]+)\.ts$/,
    areas: ['vocabulary', 'plan', 'tape', 'techniques', 'runner'],
    packages: NODE,
  },
  { name: 'techniques', files: /^src\/techniques\//, areas: ['vocabulary', 'plan', 'tape'], packages: NONE, anywhere: true },
  {
    name: 'planner',
    files: /^src\/planner\//,
    areas: ['vocabulary', 'plan', 'tape', 'techniques'],
    packages: NONE,
    anywhere: true,
  },
  { name: 'interchange', files: /^src\/interchange\//, areas: CORE, packages: /^yaml$/ },
  {
    name: 'launch',
    files: /^src\/runner\/(?:launch|choose-node|drivers|read-event)\.ts$/,
    areas: ['vocabulary', 'plan'],
    packages: NODE,
  },
  {
    name: 'runner',
    files: /^src\/runner\//,
    areas: ['vocabulary', 'plan', 'tape', 'techniques', 'technique-runs', 'launch'],
    packages: /^(?:node:|webgpu$)/,
  },
  {
    name: 'language',
    files: /^language\//,
    areas: [...CORE, 'interchange'],
    packages: /^(?:node:|langium|chevrotain$|@vscode\/l10n$|vscode-(?!languageclient))/,
  },
  {
    name: 'extension',
    files: /^src\/extension\//,
    areas: ['vocabulary', 'launch'],
    packages: /^(?:node:|vscode$|vscode-languageclient)/,
  },
  { name: 'cli', files: /^src\/cli\//, areas: [...CORE, 'interchange', 'language', 'launch'], packages: /^(?:node:|langium)/ },
  { name: 'controls', files: /^webview\/controls\.ts$/, areas: [], packages: /^@vscode\/webview-ui-toolkit/ },
  { name: 'webview', files: /^webview\//, areas: ['vocabulary', 'controls'], packages: /^(?:d3|@vscode\/l10n$)/ },
];

const areaOf = (path: string): Area | undefined => AREAS.find(({ files }) => files.test(path));

const stripped = (text: string): string => text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|[^:'"`\\])\/\/.*$/gm, '$1');

const IMPORTS = [
  /^\s*(?:import|export)\s(?:[^;'"]*?\sfrom\s*)?['"]([^'"]+)['"]/gm,
  /\bimport\(\s*['"]([^'"]+)['"]\s*\)/g,
  /\brequire\(\s*['"]([^'"]+)['"]\s*\)/g,
];

/** Names that a module states as imports, in the order of the patterns. */
export const importsOf = (text: string): string[] => {
  const code = stripped(text);
  return IMPORTS.flatMap((pattern) => [...code.matchAll(pattern)].map((match) => match[1] ?? ''));
};

/** A relative import as a path in the repository, without its extension. */
function resolve(from: string, to: string): string {
  const parts = from.split('/').slice(0, -1);
  for (const part of to.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '.') parts.push(part);
  }
  return parts.join('/');
}

/** Uses of what Node or a page alone has. Types and locals of such a name are no use of it. */
const GLOBALS =
  /(?<![.\w'"`$-])(?:(?:document|window|navigator)\.|process\.(?:env|cwd|argv|exit|std|hrtime|platform|memoryUsage|versions)|Buffer\.(?:from|alloc|concat|byteLength)|__dirname\b)/;

/** Every import, and every global of the core, that the architecture does not allow: one sentence each. */
export function violations(sources: readonly Source[]): string[] {
  return sources.flatMap(({ path, text }) => {
    const area = areaOf(path);
    if (area === undefined) return [`${path}: belongs to no area of the architecture`];
    const wrong = importsOf(text).flatMap((name) => {
      if (!name.startsWith('.'))
        return area.packages.test(name) ? [] : [`${path}: ${area.name} may not import the package ${name}`];
      const target = resolve(path, name);
      const found = areaOf(/\.\w+$/.test(target) ? target : `${target}.ts`);
      if (found === undefined)
        return /^(?:media\/|package\.json$)/.test(target) ? [] : [`${path}: imports ${target}, which belongs to no area`];
      return found.name === area.name || area.areas.includes(found.name)
        ? []
        : [`${path}: ${area.name} may not import ${found.name} (${target})`];
    });
    const global = area.anywhere === true ? GLOBALS.exec(stripped(text)) : null;
    return global === null
      ? wrong
      : [...wrong, `${path}: ${area.name} runs anywhere, and ${global[0].split('.')[0]} does not exist everywhere`];
  });
}
