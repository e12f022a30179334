/* spectral.c: the priors on the singular values of the embedding, nuclear and entropy. */
#include "train/prior.h"

static sw_status create(sw_prior_term *term) {
    sw_spectral *work = NULL;
    sw_status status = sw_spectral_create(&work, term->task->entities, sw_model_embedding_width(&term->run->model));
    term->work = work;
    return status;
}

static void destroy(sw_prior_term *term) { sw_spectral_destroy(term->work); }

static sw_status add(double *value, sw_prior_term *term, sw_spectral_kind kind, const sw_prior_step *step) {
    const sw_prior_config *config = term->config;
    bool refresh = (step->t - config->from_step - 1) % config->every == 0;
    return sw_spectral_prior(value, term->work, kind, config->normalized, step->E, config->weight, refresh, step->dE);
}

static sw_status add_nuclear(double *value, sw_prior_term *term, const sw_prior_step *step) {
    return add(value, term, SW_SPECTRAL_NUCLEAR, step);
}

static sw_status add_entropy(double *value, sw_prior_term *term, const sw_prior_step *step) {
    return add(value, term, SW_SPECTRAL_ENTROPY, step);
}

static void *state(sw_prior_term *term, size_t *bytes) {
    size_t count;
    void *bases = sw_spectral_state(term->work, &count);
    *bytes = count * sizeof(double);
    return bases;
}

const sw_prior sw_prior_nuclear = {.create = create, .destroy = destroy, .add = add_nuclear, .state = state};
const sw_prior sw_prior_entropy = {.create = create, .destroy = destroy, .add = add_entropy, .state = state};
