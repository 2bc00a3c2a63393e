/** How far the ratio of probabilities may be from 1 before it is clipped, and the weight of the distance to the reference: the usual ones. */
export const CLIP = 0.2;
export const DISTANCE = 0.04;
