//! Model servers: they load gigabytes before they answer.

use super::{BASE, Class, Family, dir, start};

const LOADS: &str = "the model is downloaded or read into memory before the server answers";

pub(super) const TABLE: &[Family] = &[
    Family {
        id: "vllm",
        name: "vLLM",
        class: Class::ModelServer,
        repositories: &[
            "vllm/vllm-openai",
            "vllm/vllm-openai-cpu",
            "rocm/vllm",
            "public.ecr.aws/q9t5s3a7/vllm-cpu-release-repo",
        ],
        ports: &[8000],
        start: start(600, LOADS),
        secrets: &["HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "VLLM_API_KEY"],
        source: "vLLM documentation, \"Using Docker\" and \"Using Kubernetes\"",
        ..BASE
    },
    Family {
        id: "sglang",
        name: "SGLang",
        class: Class::ModelServer,
        repositories: &["lmsysorg/sglang"],
        ports: &[30000],
        start: start(600, LOADS),
        secrets: &["HF_TOKEN"],
        source: "SGLang documentation, \"Install\"",
        ..BASE
    },
    Family {
        id: "tgi",
        name: "Text Generation Inference",
        class: Class::ModelServer,
        repositories: &["ghcr.io/huggingface/text-generation-inference"],
        ports: &[80],
        data: &[dir("/data")],
        start: start(600, LOADS),
        secrets: &["HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"],
        source: "Text Generation Inference documentation, \"Quick Tour\"",
        ..BASE
    },
    Family {
        id: "tei",
        name: "Text Embeddings Inference",
        class: Class::ModelServer,
        repositories: &["ghcr.io/huggingface/text-embeddings-inference"],
        ports: &[80],
        data: &[dir("/data")],
        start: start(300, LOADS),
        secrets: &["HF_TOKEN"],
        source: "Text Embeddings Inference documentation, \"Quick Tour\"",
        ..BASE
    },
    Family {
        id: "ollama",
        name: "Ollama",
        class: Class::ModelServer,
        repositories: &["ollama/ollama"],
        ports: &[11434],
        data: &[dir("/root/.ollama")],
        without_healthcheck: &["ollama/ollama"],
        lacks: &["curl", "wget"],
        start: start(300, LOADS),
        source: "Ollama documentation, \"Docker\"",
        ..BASE
    },
    Family {
        id: "triton",
        name: "Triton Inference Server",
        class: Class::ModelServer,
        repositories: &["nvcr.io/nvidia/tritonserver"],
        ports: &[8000, 8001, 8002],
        start: start(300, LOADS),
        source: "NVIDIA Triton Inference Server user guide, \"Quickstart\"",
        ..BASE
    },
    Family {
        id: "torchserve",
        name: "TorchServe",
        class: Class::ModelServer,
        repositories: &["pytorch/torchserve", "pytorch/torchserve-kfs"],
        ports: &[8080, 8081, 8082],
        start: start(180, LOADS),
        source: "TorchServe documentation, \"Docker\"",
        ..BASE
    },
    Family {
        id: "tensorflow-serving",
        name: "TensorFlow Serving",
        class: Class::ModelServer,
        repositories: &["tensorflow/serving"],
        ports: &[8500, 8501],
        start: start(120, LOADS),
        source: "TensorFlow documentation, \"TensorFlow Serving with Docker\"",
        ..BASE
    },
    Family {
        id: "localai",
        name: "LocalAI",
        class: Class::ModelServer,
        repositories: &["localai/localai", "quay.io/go-skynet/local-ai"],
        ports: &[8080],
        with_healthcheck: &["localai/localai", "quay.io/go-skynet/local-ai"],
        start: start(600, LOADS),
        source: "LocalAI documentation, \"Container images\"; its Dockerfile has a HEALTHCHECK",
        ..BASE
    },
    Family {
        id: "llama-cpp",
        name: "llama.cpp server",
        class: Class::ModelServer,
        repositories: &["ghcr.io/ggml-org/llama.cpp", "ghcr.io/ggerganov/llama.cpp"],
        ports: &[8080],
        start: start(300, LOADS),
        source: "llama.cpp documentation, \"Docker\"",
        ..BASE
    },
    Family {
        id: "xinference",
        name: "Xinference",
        class: Class::ModelServer,
        repositories: &["xprobe/xinference"],
        ports: &[9997],
        start: start(300, LOADS),
        source: "Xinference documentation, \"Docker image\"",
        ..BASE
    },
    Family {
        id: "litellm",
        name: "LiteLLM",
        class: Class::Proxy,
        repositories: &[
            "ghcr.io/berriai/litellm",
            "ghcr.io/berriai/litellm-database",
            "litellm/litellm",
        ],
        ports: &[4000],
        secrets: &["LITELLM_MASTER_KEY", "OPENAI_API_KEY"],
        source: "LiteLLM documentation, \"Docker, Helm, Terraform\"",
        ..BASE
    },
];
