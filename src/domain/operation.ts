export type Operation = 'GENERATE' | 'EDIT' | 'REFINE';
export type EditMode = 'INPAINT' | 'STRENGTH' | 'INSTRUCTION';
