# Publica a imagem da clínica. Alguém escreveu o nome do projeto como ele aparece no site.
set -e
docker tag clinica:v1 "$HUB_REGISTRY/$HUB_USER/Clinica:v1"
docker push "$HUB_REGISTRY/$HUB_USER/Clinica:v1"
