#!/bin/bash
# One stage of training: ./train.sh first|base|last   (about 5, 9 and 4 minutes on two GPUs; one GPU does things in turn)
# ATLAS, TOKENIZER: what to read; CK: where checkpoints lie; LOG: where logs go. FIRST, BASE, TURBO: seconds.
set -u
cd "$(dirname "$0")"
: "${CK:=checkpoints}" "${ATLAS:=$CK/atlas.npz}" "${TOKENIZER:=$CK/tokenizer}" "${LOG:=$CK}"
: "${FIRST:=300}" "${BASE:=540}" "${TURBO:=180}" "${RESUME:=}"
export PYTHONUNBUFFERED=1 NCCL_NVLS_ENABLE=0 OMP_NUM_THREADS=2 TORCHINDUCTOR_CACHE_DIR=/tmp/inductor
mkdir -p "$CK" "$LOG"
GPUS=$(nvidia-smi -L | wc -l); LAST=$((GPUS - 1))
on() { local gpu=$1; shift; CUDA_VISIBLE_DEVICES=$gpu "$@"; }
fork() { if [ "$GPUS" -gt 1 ]; then "$@" & else "$@"; fi; }
every() { torchrun --nproc_per_node="$GPUS" "$@"; }
case $1 in
first)
  fork on 0 python train_autoencoder.py --atlas $ATLAS --out $CK/vae.pt --seconds $FIRST > $LOG/vae.log 2>&1
  fork on $LAST python train_judge.py --atlas $ATLAS --vae $CK/vae.pt --out $CK/judge.pt --seconds $FIRST > $LOG/judge.log 2>&1
  wait ;;
base)
  every train_base.py --atlas $ATLAS --vae $CK/vae.pt --tokenizer $TOKENIZER --out $CK/base.pt --seconds $BASE ${RESUME:+--resume $RESUME} > $LOG/base.log 2>&1 ;;
last)
  (on $LAST python train_judge.py --atlas $ATLAS --vae $CK/vae.pt --resume $CK/judge.pt --lr 5e-4 --seconds $((TURBO - 70)) --out $CK/judge.pt > $LOG/judge2.log 2>&1
   on $LAST python train_preview.py --atlas $ATLAS --vae $CK/vae.pt --seconds 60 --out $CK/preview.pt > $LOG/preview.log 2>&1) &
  on 0 torchrun --nproc_per_node=1 train_turbo.py --atlas $ATLAS --vae $CK/vae.pt --base $CK/base.pt --tokenizer $TOKENIZER --out $CK/turbo.pt --seconds $TURBO > $LOG/turbo.log 2>&1
  wait ;;
esac
