#!/bin/sh
# Prints Documentation/Methods.md and writes its figures: methods.sh PROGRAM FIGURES
# Settings for what has no default, and published methods that are another one with a number changed.
set -eu
program=$1
figures=$2
exec "$program" methods --markdown --output "$figures" \
  --set token-filter.from=0 --set token-filter.to=0.25 \
  --also 'the opposite of AR=advantage-reweighting.alpha=-0.2' \
  --also 'W-REINFORCE=positive-weight.values=outcome' \
  --also 'Positive-Advantage Reweighting=positive-weight.positive=0.5' \
  --also 'pi to the alpha=tr-grpo.form=power;tr-grpo.alpha=0.5' \
  --also 'IcePop=rollout-correction.mode=mask;rollout-correction.lower=0.5;rollout-correction.upper=5' \
  --also 'adaptive-entropy below its target=adaptive-entropy.target=20' \
  --also 'DPPO, KL=dppo.divergence=kl;dppo.bound-low=0.05;dppo.bound-high=0.05' \
  --also 'DAPO=grpo.clip-high=0.28' \
  --also 'the recipe of the paper=grpo.dual-clip=10' \
  --also 'GSPO=grpo.importance-ratio=sequence;grpo.clip-low=3e-4;grpo.clip-high=4e-4' \
  --also 'TEPO=grpo.importance-ratio=sequence;grpo.clip-high=0.28' \
  --also 'SimKO with alpha 0.5=simko.alpha=0.5'
