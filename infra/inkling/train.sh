#!/bin/bash
# One stage of training: ./train.sh base|last|words   (about 15 and 17 minutes on one GPU; words: 3 on two CPU cores)
# ATLAS, TOKENIZER, START: what to read (START: a folder of exported models); CK: where checkpoints lie; LOG: where logs go.
# RESUME: where Base begins, a checkpoint or START. DIFFERENCES: exported models from which the differences begin; empty: from nothing.
# BASE, JUDGE, DECODER, PREVIEW, LAST, WORDS: seconds. What runs beside something else shares the GPU with it and hides its compiling.
# From nothing, run train_autoencoder.py without --decoder first (300 s), then `RESUME= ./train.sh base` with two or three times the seconds.
set -u
cd "$(dirname "$0")"
: "${CK:=checkpoints}" "${START:=../../models}" "${ATLAS:=$CK/atlas.npz}" "${TOKENIZER:=$CK/tokenizer}" "${LOG:=$CK}"
: "${WORDS:=150}" "${BASE:=900}" "${JUDGE:=280}" "${DECODER:=500}" "${PREVIEW:=90}" "${LAST:=1000}" "${RESUME=$START}" "${DIFFERENCES=$START}"
: "${PICTURES:=416}" "${EDITS:=128}" # a GPU and step: with half as many the GPU waits for the CPU
export PYTHONUNBUFFERED=1 NCCL_NVLS_ENABLE=0 OMP_NUM_THREADS=1 TORCHINDUCTOR_CACHE_DIR=/tmp/inductor
mkdir -p "$CK" "$LOG"
GPUS=$(nvidia-smi -L 2> /dev/null | wc -l)
every() { if [ "$GPUS" -gt 1 ]; then torchrun --nproc_per_node="$GPUS" "$@"; else python3 "$@"; fi; }
on_last() { CUDA_VISIBLE_DEVICES=$((GPUS - 1)) python3 "$@"; }
case $1 in
base)
  (on_last train_autoencoder.py --atlas $ATLAS --decoder $START --out $CK/vae.pt --seconds $DECODER --workers 3 --lr 1e-3 > $LOG/vae.log 2>&1
   on_last train_preview.py --atlas $ATLAS --vae $START --resume $START --out $CK/preview.pt --seconds $PREVIEW --workers 2 > $LOG/preview.log 2>&1) &
  on_last train_judge.py --atlas $ATLAS --vae $START --resume-onnx judge/judge.onnx --out $CK/judge.pt --seconds $JUDGE --workers 4 > $LOG/judge.log 2>&1 &
  every train_base.py --atlas $ATLAS --vae $START --tokenizer $TOKENIZER --out $CK/base.pt --seconds $BASE --batch $PICTURES --edits $EDITS ${RESUME:+--resume $RESUME} > $LOG/base.log 2>&1
  wait ;;
last)
  COMMON="--atlas $ATLAS --vae $START --base $CK/base.pt --tokenizer $TOKENIZER"
  from() { [ -z "$DIFFERENCES" ] || echo "--resume $DIFFERENCES/$1"; }
  on_last train_turbo.py $COMMON $(from inkling-turbo/adapter) --out $CK/turbo.pt --seconds $LAST > $LOG/turbo.log 2>&1 &
  on_last train_refine.py $COMMON $(from inkling-refiner/adapter) --out $CK/refiner.pt --seconds $LAST --workers 3 > $LOG/refiner.log 2>&1 &
  on_last train_style.py $COMMON $(from inkling-loras/blueprint.safetensors) --out $CK/blueprint.pt --seconds $((LAST / 2)) --workers 3 > $LOG/blueprint.log 2>&1 &
  on_last train_edit.py $COMMON $(from inkling-edit/adapter) --out $CK/edit.pt --seconds $LAST > $LOG/edit.log 2>&1
  wait ;;
words) # of the exported models
  python3 train_words.py --base $START --tokenizer $TOKENIZER --out $CK/text.pt --seconds $WORDS > $LOG/words.log 2>&1 ;;
esac
