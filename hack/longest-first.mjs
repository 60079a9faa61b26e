/** The order of test files on a machine that has not run them yet, where jest goes by their size: those that run whole fleets first, so that none is left alone at the end. */
import Sequencer from '@jest/test-sequencer';

/** From the longest on. */
const LONG = [/stories\/misbehaviour/, /stories\/road/, /bench\//, /stories\//, /e2e\/protocol/, /story\.test/, /e2e\/|charts\//];
const rank = ({ path }) => LONG.findIndex((pattern) => pattern.test(path)) + 1 || LONG.length + 1;

export default class LongestFirst extends Sequencer {
  sort(tests) {
    const sorted = super.sort(tests);
    const isKnown = sorted.some(({ duration }) => duration !== undefined);
    return isKnown ? sorted : sorted.toSorted((a, b) => rank(a) - rank(b));
  }
}
