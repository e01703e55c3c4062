"""The sizes of Inkling, as the config.json files that ship beside the weights."""

TRANSFORMER = {
    "_class_name": "ZImageTransformer2DModel", "_diffusers_version": "0.40.0.dev0",
    "all_f_patch_size": [1], "all_patch_size": [2], "axes_dims": [12, 18, 18], "axes_lens": [1536, 512, 512],
    # 288 / 3 * 8 = 768: every matrix stays a multiple of 32, which 256 (682) and 320 (853) do not give
    "cap_feat_dim": 256, "dim": 288, "in_channels": 16, "n_heads": 6, "n_kv_heads": 6, "n_layers": 9,
    "n_refiner_layers": 1, "norm_eps": 1e-5, "qk_norm": True, "rope_theta": 256.0, "siglip_feat_dim": None, "t_scale": 1000.0,
}
TEXT_ENCODER = {
    "architectures": ["Qwen3Model"], "attention_bias": False, "attention_dropout": 0.0, "bos_token_id": 3584,
    "eos_token_id": 3586, "head_dim": 64, "hidden_act": "silu", "hidden_size": 256, "initializer_range": 0.02,
    "intermediate_size": 768, "max_position_embeddings": 40960, "max_window_layers": 5, "model_type": "qwen3",
    "num_attention_heads": 4, "num_hidden_layers": 5, "num_key_value_heads": 4, "pad_token_id": None, "rms_norm_eps": 1e-6,
    "rope_scaling": None, "rope_theta": 1000000, "sliding_window": None, "tie_word_embeddings": True,
    "torch_dtype": "float32", "transformers_version": "4.51.0", "use_cache": True, "use_sliding_window": False,
    "vocab_size": 3616,
}
VAE = {
    "_class_name": "AutoencoderKL", "_diffusers_version": "0.40.0.dev0", "act_fn": "silu",
    "block_out_channels": [32, 64, 96, 128], "down_block_types": ["DownEncoderBlock2D"] * 4, "force_upcast": True,
    "in_channels": 3, "latent_channels": 16, "latents_mean": None, "latents_std": None, "layers_per_block": 1,
    "mid_block_add_attention": True, "norm_num_groups": 8, "out_channels": 3, "sample_size": 256,
    # Flux's numbers are those of Flux's latents: `calibrate` in train_autoencoder.py puts our own into the checkpoint.
    "scaling_factor": 0.3611, "shift_factor": 0.1159,
    "up_block_types": ["UpDecoderBlock2D"] * 4, "use_post_quant_conv": False, "use_quant_conv": False,
}
PREVIEW = {
    "_class_name": "AutoencoderTiny", "_diffusers_version": "0.40.0.dev0", "act_fn": "relu",
    "block_out_channels": [24] * 4, "decoder_block_out_channels": [24] * 4, "encoder_block_out_channels": [24] * 4,
    "force_upcast": False, "in_channels": 3, "latent_channels": 16, "latent_magnitude": 3, "latent_shift": 0.5,
    "num_decoder_blocks": [3, 3, 3, 1], "num_encoder_blocks": [1, 3, 3, 3], "out_channels": 3, "scaling_factor": 1.0,
    "shift_factor": 0.0, "upsample_fn": "nearest", "upsampling_scaling_factor": 2,
}
SCHEDULER = {"_class_name": "FlowMatchEulerDiscreteScheduler", "_diffusers_version": "0.40.0.dev0",
             "num_train_timesteps": 1000, "use_dynamic_shifting": False, "shift": 3.0}
SHIFTS = {"inkling-turbo": 3.0, "inkling-refiner": 3.0, "inkling-edit": 3.0, "inkling-base": 3.0}


def entry(variant, name, operations, edit_modes, steps, guidance, loras=(), strength=0.35):
    parts = {"transformer": "inkling-base/transformer", "adapter": f"{variant}/adapter", "textEncoder": "inkling/text_encoder",
             "tokenizer": "inkling/tokenizer", "vae": "inkling/vae", "scheduler": f"{variant}/scheduler", "preview": "inkling/preview"}
    if variant == "inkling-base":
        del parts["adapter"]
    return {"id": variant, "name": name, "family": "z-image", "components": parts, "operations": operations, "editModes": edit_modes,
            "defaults": {"width": 256, "height": 256, "steps": steps, "guidance": guidance, "refineSteps": 4, "refineStrength": strength},
            "limits": {"minSide": 64, "maxSide": 512, "maxPixels": 262144, "maxPromptTokens": 512},
            "supportsGuidance": guidance > 0, "supportsNegativePrompt": guidance > 0, "loras": list(loras)}


BLUEPRINT = {"id": "blueprint", "name": "Blueprint", "file": "inkling-loras/blueprint.safetensors",
             "description": "Draws everything as a blueprint: white lines on blue paper."}
# The first that can is what a request that names none gets.
CATALOG = {"models": [
    entry("inkling-turbo", "Inkling Turbo", ["GENERATE", "EDIT"], ["INPAINT", "STRENGTH"], 8, 0, [BLUEPRINT]),
    entry("inkling-refiner", "Inkling Refiner", ["REFINE"], [], 4, 0, strength=0.1),
    entry("inkling-edit", "Inkling Edit", ["EDIT"], ["INSTRUCTION"], 8, 0),
    # What was not trained to refine moves the small things of these small pictures at the family's strength of 0.35.
    entry("inkling-base", "Inkling Base", ["GENERATE", "EDIT", "REFINE"], ["INPAINT", "STRENGTH", "INSTRUCTION"], 28, 2, [BLUEPRINT], strength=0.15),
]}
