/* synonyms.c: names that other tools give to our keys. */
#include "config/synonyms.h"

#include <ctype.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

/* clang-format off */

/* Names in lower case, in words with _; a key, or what to say where there is none. */
static const struct {
    const char *names, *key, *text;
} table[] = {
    {"lr learning_rate base_lr max_lr step_size adam_lr initial_lr init_lr peak_lr", "optimizer.learning_rate", NULL},
    {"muon_lr lr_muon", "optimizer.muon.learning_rate", NULL},
    {"wd weight_decay decay l2 l2_reg l2_lambda l2_coeff weight_decay_rate reg_strength",
     "optimizer.weight_decay", NULL},
    {"beta_1 adam_beta1", "optimizer.beta1", NULL},
    {"beta_2 adam_beta2", "optimizer.beta2", NULL},
    {"betas adam_betas", NULL, "write optimizer.beta1 and optimizer.beta2, one number each"},
    {"eps adam_eps epsilon adam_epsilon", "optimizer.epsilon", NULL},
    {"momentum", "optimizer.momentum", NULL},
    {"clip_grad_norm grad_clip clip_grad gradient_clipping grad_norm_clip max_grad_norm clip_norm gradient_clip_val",
     "optimizer.gradient_clip", NULL},
    {"bs batch batch_size batchsize train_batch_size minibatch_size per_device_train_batch_size mini_batch_size",
     "optimizer.batch_size", NULL},
    {"lr_schedule lr_scheduler lr_scheduler_type scheduler schedule learning_rate_schedule",
     "optimizer.schedule", NULL},
    {"warmup warmup_steps warm_up num_warmup_steps warmup_iters lr_warmup n_warmup_steps warmup_updates",
     "optimizer.warmup_steps", NULL},
    {"opt optim optimizer_type optimizer_name", "optimizer.kind", NULL},
    {"grokfast_alpha", "optimizer.grokfast.alpha", NULL},
    {"grokfast_lambda grokfast_lamb lamb", "optimizer.grokfast.lambda", NULL},
    {"num_layers n_layers n_layer nlayers depth num_blocks n_blocks layer_num num_hidden_layers num_encoder_layers",
     "model.layers", NULL},
    {"n_heads num_heads nhead n_head nheads num_attention_heads attention_heads", "model.heads", NULL},
    {"dim d_embed embed_dim embedding_dim emb_dim n_embd hidden_dim hidden_size d_hidden_size model_dim width",
     "model.d_model", NULL},
    {"head_dim dim_head d_k", "model.d_head", NULL},
    {"d_ff dim_feedforward ffn_dim ff_dim mlp_dim d_ffn intermediate_size n_inner mlp_hidden", "model.d_mlp", NULL},
    {"hidden_units hidden_width mlp_width", "model.d_hidden", NULL},
    {"model_type arch architecture model_name net network", "model.kind", NULL},
    {"activation act act_fn act_type nonlinearity hidden_act activation_function", "model.activation", NULL},
    {"dropout dropout_rate drop_rate p_drop resid_pdrop", "model.dropout", NULL},
    {"attn_pdrop", NULL, "attention weights are not dropped; model.dropout drops what each block adds to the stream"},
    {"normalization norm norm_type normalization_type layer_norm layernorm use_ln", "model.normalization", NULL},
    {"norm_first pre_norm prenorm", "model.normalization_placement", NULL},
    {"tie_weights tie_embeddings tie_word_embeddings tied_embeddings weight_tying", "model.unembedding", NULL},
    {"attn_coeff attention_coefficient", "model.attention_rate", NULL},
    {"causal is_causal causal_mask use_causal_mask", "model.causal", NULL},
    {"init_from pretrained pretrained_path load_from finetune_from", "model.start.results", NULL},
    {"use_bias bias mlp_bias", "model.bias", NULL},
    {"embed_init_scale", "model.embedding_init_scale", NULL},
    {"init_scale weight_scale initialization_scale alpha_init init_alpha", "model.init_scale", NULL},
    {"one_hot onehot use_embedding input_type", "model.input", NULL},
    {"no_decay decay_params no_bias_decay", "optimizer.decay", NULL},
    {"min_lr_ratio final_lr_ratio end_factor lr_end_factor", "optimizer.final_share", NULL},
    {"min_lr lr_min eta_min final_lr", NULL,
     "write optimizer.final_share, the share of learning_rate at the last step"},
    {"num_steps n_steps max_steps total_steps train_steps training_steps num_training_steps iterations iters "
     "max_iters num_iters max_train_steps num_train_steps n_iters", "steps", NULL},
    {"epochs num_epochs n_epochs max_epochs epoch", NULL,
     "training is counted in optimizer steps: write steps (with the full batch a step is an epoch)"},
    {"frac_train train_frac fraction frac train_fraction train_ratio train_size train_split training_fraction "
     "data_frac train_percentage pct_train train_pct training_frac", "train_fraction", NULL},
    {"modulus prime p mod modulo", "task.p", NULL},
    {"op operation operator fn fn_name function", "task.operation", NULL},
    {"task_type dataset task_name dataset_name data", "task.kind", NULL},
    {"random_seed rng_seed manual_seed seeds", "seed", NULL},
    {"split_seed dataset_seed", "data_seed", NULL},
    {"loss_fn loss_function criterion loss_type", "loss.kind", NULL},
    {"eval_every eval_interval eval_freq eval_steps log_every log_interval logging_steps evaluate_every "
     "evaluation_interval "
     "val_check_interval check_val_every_n_epoch", "evaluate.every", NULL},
    {"local_learning_coefficient learning_coefficient rlct lambda_hat", "measure.llc.every", NULL},
    {"num_chains n_chains", "measure.llc.chains", NULL},
    {"num_draws n_draws", "measure.llc.draws", NULL},
    {"num_burnin_steps burnin n_burn_in num_burn_in", "measure.llc.burn_in", NULL},
    {"localization localization_strength", "measure.llc.gamma", NULL},
    {"hessian top_eigenvalue hessian_every", "measure.sharpness.every", NULL},
    {"num_eigenvalues top_eigenvalues num_eigenthings", "measure.sharpness.eigenvalues", NULL},
    {"ntk ntk_every agop", "measure.kernel.every", NULL},
    {"irreps representations cosets", "measure.circuits.every", NULL},
    {"method", NULL,
     "there is one method for each section: grid, random, refine, and prune.halving for early termination"},
    {"parameters params search_space space sweep sweeper hyperparameters", NULL,
     "axes stand in grid, zip, cases or random, each by its dotted path"},
    {"metric objective goal direction", NULL,
     "every curve is recorded; prune.halving.measure chooses what runs are compared by"},
    {"early_terminate pruner", NULL,
     "prune.halving gives runs up by a measure, prune.generalized when they are decided"},
    {"n_trials trials num_trials count run_cap", NULL, "random.samples says how many points are drawn"},
    {"defaults hydra", NULL,
     "there is no composition of files; cases hold alternatives, KEY=VALUE on the command line changes a key"},
    {"program command entity project wandb", NULL,
     "nothing is logged elsewhere: all results are in the file that output names"},
    {"device gpu use_cuda cuda precision dtype fp16 bf16", NULL,
     "there is no such key: runs train on one core each, in single precision"},
    {"num_workers n_jobs jobs workers", NULL,
     "the number of ranks says how many runs train at once: mpirun -n RANKS symsweep"},
    {"patience early_stopping early_stop", NULL, "stop.test_accuracy and stop.for_steps end a run early"},
    {"checkpoint_dir output_dir save_dir out_dir log_dir logdir", NULL,
     "output names the results file; checkpoints lie beside it"},
    {"d_vocab vocab_size n_tokens num_tokens n_ctx d_vocab_out seq_len", NULL,
     "there is no such key: the task decides the tokens and the length of inputs"},
    {"save_every checkpoint_every checkpoint_interval save_steps save_interval", NULL,
     "checkpoints go by time: checkpoint.every_seconds; snapshots are evaluate.snapshots"},
};

/* clang-format on */

static bool is_among(const char *names, const char *name) {
    const size_t length = strlen(name);
    for (const char *at = names; *at;) {
        const size_t word = strcspn(at, " ");
        if (word == length && !memcmp(at, name, length)) return true;
        at += word + (at[word] == ' ');
    }
    return false;
}

bool sw_synonyms_suggest(char out[256], const char *name) {
    char plain[64];
    size_t length = 0;
    const char *dot = strrchr(name, '.');
    if (dot) name = dot + 1;
    for (; name[length] && length + 1 < sizeof plain; length++)
        plain[length] = name[length] == '-' ? '_' : (char)tolower((unsigned char)name[length]);
    plain[length] = '\0';
    if (!length || name[length]) return false;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        if (!is_among(table[i].names, plain)) continue;
        if (table[i].key)
            snprintf(out, 256, "did you mean %s?", table[i].key);
        else
            snprintf(out, 256, "%s", table[i].text);
        return true;
    }
    return false;
}
