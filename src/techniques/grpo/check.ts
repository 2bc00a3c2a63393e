import type { TechniqueCheck } from '../../runner/checks/context';
import { check as answers } from '../dpo/check';

export const check: TechniqueCheck = answers;
