# Constrói a imagem desta pasta.
cd "$(dirname "$0")" || exit 1
docker build -q -t clinica:contexto
