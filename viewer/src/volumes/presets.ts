/** How a volume is seen as a whole: which values are solid, and in which colours. */

export interface Preset {
  name: string;
  /** The name of Cornerstone's; without one the largest value along each ray is shown. */
  of?: string;
  modalities?: string[];
}

export const PRESETS: Preset[] = [
  { name: "CT: bone", of: "CT-Bone", modalities: ["CT"] },
  { name: "CT: bones, coloured", of: "CT-Bones", modalities: ["CT"] },
  { name: "CT: soft tissue", of: "CT-Soft-Tissue", modalities: ["CT"] },
  { name: "CT: muscle", of: "CT-Muscle", modalities: ["CT"] },
  { name: "CT: lung", of: "CT-Lung", modalities: ["CT"] },
  { name: "CT: air ways", of: "CT-Air", modalities: ["CT"] },
  { name: "CT: vessels of the chest", of: "CT-Chest-Vessels", modalities: ["CT"] },
  { name: "CT: vessels of the heart", of: "CT-Coronary-Arteries-3", modalities: ["CT"] },
  { name: "CT: vessels of the liver", of: "CT-Liver-Vasculature", modalities: ["CT"] },
  { name: "CT: aorta", of: "CT-AAA2", modalities: ["CT"] },
  { name: "MR: default", of: "MR-Default", modalities: ["MR"] },
  { name: "MR: vessels", of: "MR-Angio", modalities: ["MR"] },
  { name: "MR: brain, T2", of: "MR-T2-Brain", modalities: ["MR"] },
  { name: "MIP" },
];

/** Those of a modality, the one to begin with first. */
export const presetsFor = (modality: string): Preset[] => {
  const own = PRESETS.filter(({ modalities }) => !modalities || modalities.includes(modality));
  return own.length > 1 ? own : [...own, ...PRESETS.filter(({ modalities }) => modalities)];
};
