"""A style as a LoRA: torchrun --nproc_per_node=GPUS train_style.py --atlas A --vae V --base base.pt --tokenizer T --out blueprint.pt --seconds 70

Base learns by a small difference to draw every caption as a blueprint, a filter that it has never seen. Half of the captions say
nothing of it: the LoRA alone decides. Trained on Base; Turbo takes it as well."""
import torch

from adapt import adapt, arguments
from data import loader
from render import Renderer
from train_base import encoder_of, flow_loss


def main():
    args = arguments(__doc__, batch=192, rank=8)

    def lessons(student, text, device, seed):
        renderer, encode = Renderer(args.atlas, device), encoder_of(args.vae, device)
        batches = loader(args.workers, batch=args.batch // 2, seed=601 + seed, tokenizer=args.tokenizer + "/tokenizer.json", captions=2,
                         style_only="blueprint")

        def lesson():
            objects, labels, height, width, ids, lengths = next(batches)
            picture, mask = renderer(objects, labels, height, width)
            clean = encode(picture).repeat(2, 1, 1, 1)
            with torch.no_grad(), torch.autocast(device.type, torch.bfloat16):
                caption = text(ids.to(device)), lengths.to(device)
            return flow_loss(lambda x, t: student(x, t, *caption), clean, mask.repeat(2, 1, 1, 1))

        return lesson

    adapt(args, "style", lessons, parts=("attention", "feed_forward"), decay=0.99)


if __name__ == "__main__":
    main()
