/**
 * Checks the protocol (ARCHITECTURE.md §8).
 *
 *   node e2e/protocol/main.ts                      all rules kept: exit 0 if nothing can break, and every rule is needed
 *   node e2e/protocol/main.ts --deep               the same within greater bounds (minutes; give node --max-old-space-size=4096)
 *   node e2e/protocol/main.ts --without RULE[,…]   without these (or `all`): prints the counterexample with the fewest faults; exit 1 if there is one
 */
import { parseArgs } from 'node:util';
import { INVARIANTS } from './invariants.ts';
import { RULES, RULE_NAMES, allBut, isRule, type RuleName } from './rules.ts';
import { DEEP, QUICK, counterexample, type Scope } from './scopes.ts';

const { values } = parseArgs({ options: { without: { type: 'string' }, deep: { type: 'boolean', default: false } } });
process.exitCode = values.without === undefined ? prove(values.deep ? DEEP : QUICK) : hunt(values.without);

function prove(scopes: Scope[]): number {
  let failed = false;
  let states = 0;
  for (const scope of scopes) {
    const began = performance.now();
    const verdict = scope.explore(allBut());
    states += verdict.states;
    const seconds = Math.round((performance.now() - began) / 1000);
    console.log(`${scope.name}: ${verdict.states} states, ${seconds} s, ${verdict.broken?.what ?? 'everything holds'}`);
    if (verdict.broken) {
      failed = true;
      print(verdict.broken.trace);
    } else console.log(`  faults covered: ${[...verdict.covered].sort().join('; ')}`);
  }
  console.log(`${states} states in all. Checked in every one:`);
  for (const [name, words] of Object.entries(INVARIANTS)) console.log(`  ${name} ${words}`);
  for (const rule of RULE_NAMES) failed = !show([rule]) || failed;
  console.log(failed ? '\nFAILED' : `\nOK: ${RULE_NAMES.length} rules, each needed, together enough.`);
  return failed ? 1 : 0;
}

function hunt(list: string): number {
  const rules = list === 'all' ? RULE_NAMES : list.split(',');
  const unknown = rules.filter((rule) => !isRule(rule));
  if (unknown.length > 0) {
    console.error(`no rule is called ${unknown.join(', ')}; there are: ${RULE_NAMES.join(' ')}`);
    return 2;
  }
  return show(rules.filter(isRule)) ? 1 : 0;
}

/** @returns whether there is a counterexample */
function show(rules: RuleName[]): boolean {
  const named = rules.length > 2 ? 'all rules' : rules.map((rule) => `${rule} (${RULES[rule]})`).join(' and ');
  const found = counterexample(rules);
  if (!found?.verdict.broken) {
    console.log(`\nwithout ${named}: no counterexample within the bounds`);
    return false;
  }
  console.log(`\nwithout ${named}:\n  ${found.verdict.broken.what}\n  ${found.scope.name}`);
  print(found.verdict.broken.trace);
  return true;
}

function print(trace: string[]): void {
  trace.forEach((line, i) => console.log(`  ${String(i + 1).padStart(3)} ${line}`));
}
