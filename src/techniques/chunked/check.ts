import type { TechniqueCheck } from '../../runner/checks/context';
import { equalsStandard } from '../../runner/checks/gradients';

export const check: TechniqueCheck = equalsStandard;
